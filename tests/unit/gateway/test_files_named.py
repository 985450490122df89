"""What an uploaded file is called and what kind it is: safe names, and kinds told by bytes rather than by names."""

from __future__ import annotations

import unicodedata

import pytest

from services.gateway.file_names import LONGEST, NAMELESS, safe_name
from services.gateway.media_types import SHOWN_IN_PLACE, media_type
from services.gateway.routes_files import disposition


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("Überblick  2026.pdf", "Überblick 2026.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\notes.txt", "notes.txt"),
        ("a\r\nBcc: eve@example.com.txt", "a Bcc: eve@example.com.txt"),
        ("nul\x00l.txt", "null.txt"),
        ("in\u202efdp.exe", "infdp.exe"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("line\u2028line\u2029.txt", "lineline.txt"),
        ("next\x85line\x9b.txt", "nextline.txt"),
        ("e\u0301.txt", "é.txt"),
        ("=?utf-8?q?a=0D=0ABcc:_x?=.txt", "=utf-8?q?a=0D=0ABcc:_x?=.txt"),
        ("=?utf-8?q?gr=C3=BC=C3=9Fe?=.txt", "=?utf-8?q?gr=C3=BC=C3=9Fe?=.txt"),
        ("trailing. . ", "trailing"),
        ("", NAMELESS),
        ("...", NAMELESS),
        ("\u202e\x00", NAMELESS),
        ("dir/", NAMELESS),
        (".env", ".env"),
        ("x" * 300 + ".pdf", "x" * (LONGEST - 4) + ".pdf"),
        ("x" * 300, "x" * LONGEST),
        ("a." + "x" * 300, "a." + "x" * (LONGEST - 2)),
    ],
)
def test_a_name_is_the_last_part_of_a_path_in_one_visible_line(given: str, name: str) -> None:
    assert safe_name(given) == name
    assert safe_name(name) == name


def test_no_character_that_cannot_be_seen_is_in_a_name() -> None:
    everything = "".join(map(chr, range(0x3000)))

    kinds = {unicodedata.category(each) for each in safe_name("a" + everything[-100:] + everything)}

    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("start", "name", "kind"),
    [
        (b"%PDF-1.7\n", "a.txt", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nIHDR", "a.html", "image/png"),
        (b"\xff\xd8\xff\xe0", "a", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "image/webp"),
        (b"PK\x03\x04rest", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04rest", "a.html", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "application/vnd.ms-excel"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (b"a,b\n1,2\n", "a.png", "text/plain"),
        ("grüße".encode()[:3], "a.txt", "text/plain"),
        (b"<!DOCTYPE html><p>", "a.txt", "text/html"),
        (b"hello <script>alert(1)</script>", "a.txt", "text/html"),
        (b"<svg xmlns='x'>", "a.png", "image/svg+xml"),
        (b"<?xml version='1.0'?><svg>", "a", "image/svg+xml"),
        (b"<?xml version='1.0'?><feed>", "a", "application/xml"),
        (b"\x00\x01\x02", "a.png", "application/octet-stream"),
        (b"\xfftext", "a.txt", "application/octet-stream"),
        (b"", "a.png", "application/octet-stream"),
    ],
)  # fmt: skip
def test_bytes_say_what_a_file_is_and_its_name_only_which_of_a_kind(
    start: bytes, name: str, kind: str
) -> None:
    assert media_type(start, name) == kind


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/pdf", "application/xml", "text/csv"]
)
def test_what_could_run_in_a_browser_is_only_downloaded(kind: str) -> None:
    assert kind not in SHOWN_IN_PLACE
    assert disposition("a", kind).startswith("attachment;")


def test_a_name_that_is_not_plain_is_given_twice() -> None:
    assert disposition("a.png", "image/png") == 'inline; filename="a.png"'
    assert disposition('ü"\\.txt', "text/html") == (
        "attachment; filename=\"____.txt\"; filename*=UTF-8''%C3%BC%22%5C.txt".replace("____", "___")
    )
