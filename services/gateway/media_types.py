"""What a file is, told by its first bytes; its name decides only among kinds that begin alike."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

UNKNOWN = "application/octet-stream"
SHOWN_IN_PLACE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})
"""What a browser may show where it is, because it can do nothing there; everything else is only downloaded."""

_ZIP, _OLE, _TEXT = "application/zip", "application/x-ole-storage", "text/plain"
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"PK\x05\x06", _ZIP),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (0, b"{\\rtf", "application/rtf"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_BY_ENDING: Mapping[str, Mapping[str, str]] = {
    _ZIP: {
        "docx": _OFFICE + "wordprocessingml.document",
        "xlsx": _OFFICE + "spreadsheetml.sheet",
        "pptx": _OFFICE + "presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "odp": "application/vnd.oasis.opendocument.presentation",
        "epub": "application/epub+zip",
    },
    _OLE: {
        "doc": "application/msword",
        "xls": "application/vnd.ms-excel",
        "ppt": "application/vnd.ms-powerpoint",
        "msg": "application/vnd.ms-outlook",
    },
    _TEXT: {
        "csv": "text/csv",
        "md": "text/markdown",
        "json": "application/json",
        "ics": "text/calendar",
        "vcf": "text/vcard",
        "xml": "application/xml",
        "eml": "message/rfc822",
    },
}
_MARKUP = re.compile(rb"<\s*(svg|html|!doctype|script|head|body|iframe|\?xml)", re.IGNORECASE)
_FORBIDDEN_IN_TEXT = bytes({*range(32), 127} - set(b"\t\n\r\f\x1b"))


def media_type(start: bytes, name: str) -> str:
    """Return the media type of a file that begins with these bytes."""
    family = next(
        (kind for place, sign, kind in _SIGNATURES if start.startswith(sign, place)), None
    ) or _text_kind(start)
    ending = name.rpartition(".")[2].lower()
    return _BY_ENDING.get(family, {}).get(ending, family)


def _text_kind(start: bytes) -> str:
    if not start or start.translate(None, _FORBIDDEN_IN_TEXT) != start:
        return UNKNOWN
    try:
        # The last character may be cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return UNKNOWN
    markup = _MARKUP.search(start)
    if markup is None:
        return _TEXT
    words = start.lower()
    if b"<svg" in words:
        return "image/svg+xml"
    return "application/xml" if words.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml") else "text/html"
