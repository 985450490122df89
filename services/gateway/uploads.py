"""A file as a client sends it: the one field of a multipart body, read as it comes and never held as a whole."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from services.gateway.bodies import THROWN_AWAY, cut_off
from services.gateway.errors import ApiError, invalid
from services.gateway.file_names import safe_name

LIMIT = 10 * 1024 * 1024
"""Largest file in bytes."""
FIELD = "file"
_AROUND = 65_536  # boundaries and headers
_SNIFFED = 4096


class Upload:
    """The file in a call's body; `chunks` may be read once, and what is wrong with the rest of the body it raises."""

    def __init__(self, request: Request, boundary: bytes) -> None:
        self._stream = request.stream()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_end": self._end,
            },
        )
        self._disposition = b""
        self._header: tuple[bytes, bytes] = (b"", b"")
        self._pending: deque[bytes] = deque()
        self._parts = 0
        self._read_bytes = 0
        self._is_ended = False
        self.name: str | None = None
        """What the client calls it, made safe to show and to send; None until its headers are read."""
        self.size = 0
        """How many bytes of it were read so far."""
        self.start = b""
        """Its first bytes."""

    async def begin(self) -> None:
        """Read to the first bytes of the file, enough to see what it is.

        Raises:
            ApiError: There is no file in the body (400).
        """
        while len(self.start) < _SNIFFED and await self._read():
            self.start = b"".join(self._pending)[:_SNIFFED]
        if self.name is None:
            raise missing_file()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file to its end, and read the body to its own.

        Raises:
            ApiError: It is too large, cut off, or not the only thing in the body (400).
        """
        while True:
            while self._pending:
                yield self._pending.popleft()
            if self.size > LIMIT:
                await self._throw_away()
                raise file_too_large()
            if not await self._read():
                return

    async def _read(self) -> bool:
        """Read some more of the body; False at its end."""
        chunk = await self._next()
        if not chunk:
            if not self._is_ended:
                raise (
                    invalid("The body is not complete multipart/form-data.")
                    if self._parts
                    else missing_file()
                )
            return False
        self._read_bytes += len(chunk)
        if self._read_bytes > LIMIT + _AROUND + THROWN_AWAY:
            raise file_too_large()
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise invalid("The body is not valid multipart/form-data.") from None
        return True

    async def _throw_away(self) -> None:
        """Read on for a while: a client that is cut off while it sends never sees why."""
        while self._read_bytes <= LIMIT + THROWN_AWAY and (chunk := await self._next()):
            self._read_bytes += len(chunk)

    async def _next(self) -> bytes:
        try:
            return await anext(self._stream, b"")
        except ClientDisconnect:
            raise cut_off() from None

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise invalid(f'The body must have one field only, "{FIELD}".')

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _header_ends(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = (b"", b"")

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or options.get(b"name") != FIELD.encode() or not options.get(b"filename"):
            raise missing_file()
        self.name = safe_name(options[b"filename"].decode(errors="replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.size += end - start
        if self.size <= LIMIT:
            self._pending.append(data[start:end])

    def _end(self) -> None:
        self._is_ended = True


async def upload_of(request: Request) -> Upload:
    """Return the file in a call's body, read to its first bytes.

    Raises:
        ApiError: The body is no form (415), or has no file, or is far too large (400).
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or "content-encoding" in request.headers:
        raise ApiError(
            415,
            "unsupported_media_type",
            "The body must be sent with the header Content-Type: multipart/form-data.",
            headers={"Accept-Post": "multipart/form-data"},
        )
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > LIMIT + _AROUND + THROWN_AWAY:
        raise file_too_large()
    try:
        upload = Upload(request, options.get(b"boundary", b""))
    except FormParserError:
        raise invalid("The body is not valid multipart/form-data.") from None
    await upload.begin()
    return upload


def missing_file() -> ApiError:
    """Return the refusal of a body without a file."""
    return invalid(f'The body must have one field, "{FIELD}", with a file that has a name.', parameter=FIELD)


def file_too_large() -> ApiError:
    """Return the refusal of a file beyond the limit; the connection ends, so that the rest is not read."""
    return ApiError(
        400,
        "file_too_large",
        f"The file is larger than {LIMIT // 1024 // 1024} MB.",
        headers={"Connection": "close"},
    )
