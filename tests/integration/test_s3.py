"""A store that speaks S3 keeps files as a local folder does: streamed, whole or not at all, and gone when deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.clock import SystemClock
from shared.content.objects import ObjectMissing, Objects, StorageUnavailable, open_objects
from shared.settings import MailSettings
from tests.support.s3 import FakeS3, fake_s3

PATH = "tenant/thread/file"
KEY = f"prefix/{PATH}"
MIB = 1024 * 1024


@pytest.fixture
async def s3() -> AsyncIterator[FakeS3]:
    """A bucket with nothing in it."""
    async with fake_s3() as store:
        yield store


@pytest.fixture
def objects(s3: FakeS3) -> Objects:
    """Our side of it."""
    return open_objects(
        MailSettings.model_validate(
            {
                "database_url": "",
                "kafka_bootstrap": "",
                "object_store_url": "s3://bucket/prefix",
                "object_store_endpoint": s3.url,
                "object_store_key_id": "id",
                "object_store_key": "secret",
            }
        ),
        None,
    )


async def chunks(count: int, error: Exception | None = None) -> AsyncIterator[bytes]:
    """Yield so many mebibytes, and then perhaps fail."""
    for number in range(count):
        yield bytes([number]) * MIB
    if error is not None:
        raise error


async def test_a_file_is_stored_in_parts_and_read_in_chunks(s3: FakeS3, objects: Objects) -> None:
    await objects.put(PATH, chunks(7), "text/html")

    read = [chunk async for chunk in await objects.get(PATH)]

    assert b"".join(read) == s3.objects[KEY] == b"".join([each async for each in chunks(7)])
    assert s3.headers[KEY] == {"content-type": "text/html", "content-disposition": "attachment"}
    assert await objects.exists(PATH)


async def test_an_empty_file_is_a_file(s3: FakeS3, objects: Objects) -> None:
    await objects.put(PATH, chunks(0), "text/plain")

    assert s3.objects == {KEY: b""}


async def test_a_file_whose_end_never_came_is_not_there(s3: FakeS3, objects: Objects) -> None:
    with pytest.raises(ValueError, match="cut"):
        await objects.put(PATH, chunks(7, ValueError("cut")), "text/plain")

    assert not s3.objects
    assert not s3.uploads
    assert not await objects.exists(PATH)
    with pytest.raises(ObjectMissing):
        await objects.get(PATH)


async def test_deleting_is_harmless_twice(s3: FakeS3, objects: Objects) -> None:
    await objects.put(PATH, chunks(1), "text/plain")

    for _ in range(2):
        await objects.delete(PATH)

    assert s3.objects == {}


async def test_a_file_counts_as_deleted_only_when_it_is(s3: FakeS3, objects: Objects) -> None:
    await objects.put(PATH, chunks(1), "text/plain")
    s3.is_deaf = True

    with pytest.raises(StorageUnavailable):
        await objects.delete(PATH)


async def test_a_link_shows_the_file_without_a_key(s3: FakeS3, objects: Objects) -> None:
    await objects.put(PATH, chunks(1), "image/png")
    link = await objects.url(PATH, SystemClock())
    assert link is not None

    async with httpx.AsyncClient(trust_env=False) as anybody:
        shown = await anybody.get(link)
        bare = await anybody.get(link.partition("?")[0])

    assert (shown.status_code, shown.content, bare.status_code) == (200, s3.objects[KEY], 403)


async def test_a_store_that_is_down_says_so(s3: FakeS3, objects: Objects) -> None:
    s3.is_down = True

    with pytest.raises(StorageUnavailable):
        await objects.put(PATH, chunks(1), "text/plain")
    with pytest.raises(StorageUnavailable):
        await objects.get(PATH)
    with pytest.raises(StorageUnavailable):
        await objects.delete(PATH)
