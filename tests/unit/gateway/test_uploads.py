"""A multipart body is read as it comes: one file under its name, and whatever is wrong with it said in a sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from services.gateway.bodies import read_json
from services.gateway.errors import ApiError
from services.gateway.uploads import LIMIT, Upload, upload_of

BOUNDARY = "x-boundary"


def part(content: bytes, disposition: str = 'form-data; name="file"; filename="notes.txt"') -> bytes:
    """Return one field of a form."""
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def call(
    *chunks: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}", cut: bool = False
) -> Request:
    """Return a call with a body that comes in these chunks, and then ends or is cut off."""
    messages: list[Message] = [{"type": "http.request", "body": each, "more_body": True} for each in chunks]
    messages.append(
        {"type": "http.disconnect"} if cut else {"type": "http.request", "body": b"", "more_body": False}
    )
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    headers = [(b"content-type", content_type.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


async def content(upload: Upload) -> bytes:
    """Read an upload to its end."""
    return b"".join([chunk async for chunk in upload.chunks()])


async def refusal(request: Request) -> ApiError:
    """Return how a call is refused, wherever in its body that turns out."""
    with pytest.raises(ApiError) as refused:
        await content(await upload_of(request))
    return refused.value


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_a_file_is_read_whole_however_its_body_is_cut(size: int) -> None:
    data = b"line\r\n--x-bound\r\n" * 500
    body = part(data) + END

    upload = await upload_of(call(*(body[at : at + size] for at in range(0, len(body), size))))

    assert await content(upload) == data
    assert (upload.name, upload.size) == ("notes.txt", len(data))
    assert data.startswith(upload.start)
    assert len(upload.start) == 4096


async def test_an_empty_file_is_a_file() -> None:
    upload = await upload_of(call(part(b"") + END))

    assert await content(upload) == b""


@pytest.mark.contract("S3-19")
@pytest.mark.parametrize(
    "disposition",
    ['form-data; name="file"', 'form-data; name="file"; filename=""', 'form-data; name="other"; filename="a"', "x", 'attachment; name="file"; filename="a"'],
)  # fmt: skip
async def test_a_body_without_a_file_in_its_field_is_refused(disposition: str) -> None:
    refused = await refusal(call(part(b"text", disposition) + END))

    assert (refused.status, refused.fields[0].name) == (400, "file")


@pytest.mark.parametrize(
    "body",
    [
        b"", END, b"no form at all", part(b"a") + part(b"b") + END, part(b"a"), part(b"cut")[:-20],
        f"--{BOUNDARY}\r\nContent-Disposition: ".encode() + b"x" * 100_000,
    ],
)  # fmt: skip
async def test_a_body_that_is_not_one_whole_file_is_refused(body: bytes) -> None:
    assert (await refusal(call(body))).status == 400


async def test_a_body_that_is_cut_off_is_refused() -> None:
    assert (await refusal(call(part(b"a" * 9000)[:6000], cut=True))).status == 400


async def test_a_body_that_is_cut_off_beyond_the_limit_is_refused() -> None:
    too_much = [bytes(LIMIT // 8)] * 9
    assert (await refusal(call(part(b"")[:-2], *too_much, cut=True))).status == 400


async def test_a_json_body_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ApiError) as refused:
        await read_json(call(b'{"username": ', content_type="application/json", cut=True))
    assert refused.value.status == 400


@pytest.mark.parametrize("content_type", ["application/json", "", "multipart/mixed; boundary=x"])
async def test_another_kind_of_body_is_refused(content_type: str) -> None:
    assert (await refusal(call(b"{}", content_type=content_type))).status == 415


@pytest.mark.parametrize("boundary", ["", "boundary=", "boundary=" + "x" * 300])
async def test_a_form_without_a_usable_boundary_is_refused(boundary: str) -> None:
    assert (await refusal(call(b"x", content_type=f"multipart/form-data; {boundary}"))).status == 400


@pytest.mark.contract("S3-19")
async def test_a_file_of_ten_megabytes_is_taken_and_one_byte_more_is_not() -> None:
    chunk = bytes(LIMIT // 16)

    fitting = await upload_of(call(part(b"")[:-2], *[chunk] * 16, b"\r\n" + END))
    assert len(await content(fitting)) == LIMIT

    refused = await refusal(call(part(b"")[:-2], *[chunk] * 16, b"x\r\n" + END))
    assert (refused.status, refused.code, refused.headers["Connection"]) == (400, "file_too_large", "close")


async def test_no_more_than_a_little_of_what_is_too_large_is_read() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield part(b"")[:-2]
        while True:
            read += 1_000_000
            yield bytes(1_000_000)

    body = endless()

    async def receive() -> Message:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    headers = [(b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)

    assert (await refusal(request)).code == "file_too_large"
    assert read < 2 * LIMIT
