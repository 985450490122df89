"""Files in a local folder and their links: whole or not there, streamed, and named by links that end."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.content.links import Links
from shared.content.objects import CHUNK_BYTES, ObjectMissing, Objects, StorageUnavailable, open_objects
from shared.security.vault import MasterKeys
from shared.settings import MailSettings

PATH = "tenant/thread/file"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OLD = base64.b64encode(b"o" * 32).decode()
NEW = base64.b64encode(b"n" * 32).decode()
KEYS = MasterKeys.parse(f"1:{OLD}")


class At:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return its instant."""
        return NOW


def opened(url: str, **more: str) -> Objects:
    """Open the object store of this URL."""
    settings = {"database_url": "", "kafka_bootstrap": "", "public_url": "http://api.example", **more}
    return open_objects(MailSettings.model_validate({**settings, "object_store_url": url}), KEYS)


def local(folder: Path) -> Objects:
    """Open a store in a new folder."""
    return opened((folder / "some where").as_uri())


async def pieces(*given: bytes | Exception) -> AsyncIterator[bytes]:
    """Yield the bytes, raise the errors."""
    for piece in given:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def read(objects: Objects, path: str) -> list[bytes]:
    """Return the chunks of a file."""
    return [chunk async for chunk in await objects.get(path)]


def files(folder: Path) -> list[Path]:
    """Return all files below a folder."""
    return [each for each in folder.rglob("*") if each.is_file()]


async def test_a_file_comes_back_as_it_was_stored_a_chunk_at_a_time(tmp_path: Path) -> None:
    objects = local(tmp_path)

    await objects.put(PATH, pieces(*[b"0123456789" * 10_000] * 7), "text/plain")
    chunks = await read(objects, PATH)

    assert b"".join(chunks) == b"0123456789" * 70_000
    assert max(map(len, chunks)) <= CHUNK_BYTES
    assert await objects.exists(PATH)


async def test_a_file_whose_end_never_came_is_not_there(tmp_path: Path) -> None:
    objects = local(tmp_path)

    with pytest.raises(ConnectionResetError, match="cut"):
        await objects.put(PATH, pieces(b"x" * CHUNK_BYTES * 3, ConnectionResetError("cut")), "text/plain")

    assert not await objects.exists(PATH)
    assert files(tmp_path) == []


async def test_a_deleted_file_is_gone_with_what_a_dead_process_left_of_it(tmp_path: Path) -> None:
    objects = local(tmp_path)
    await objects.put(PATH, pieces(b"whole"), "text/plain")
    (files(tmp_path)[0].parent / "file#2").write_bytes(b"half")

    await objects.delete(PATH)
    await objects.delete("tenant/thread/never")

    assert files(tmp_path) == []
    with pytest.raises(ObjectMissing):
        await objects.get(PATH)


@pytest.mark.parametrize(
    "url", ["", "file://", "file://host/folder", "ftp://x/y", "s3://", "folder", "file:///proc/x/y"]
)
async def test_a_store_that_cannot_be_used_says_so_without_naming_places_of_the_machine(url: str) -> None:
    with pytest.raises(StorageUnavailable) as failure:
        await opened(url).put(PATH, pieces(b""), "text/plain")

    assert "/proc" not in str(failure.value)


async def test_a_store_that_speaks_s3_signs_its_own_links() -> None:
    objects = opened(
        "s3://bucket/prefix",
        object_store_endpoint="http://127.0.0.1:1",
        object_store_region="eu-north-1",
        object_store_key_id="id",
        object_store_key="never shown",
    )

    link = await objects.url(PATH, At())

    assert objects.bucket == "bucket"
    assert link is not None
    assert link.startswith(f"http://127.0.0.1:1/bucket/prefix/{PATH}?")
    assert "eu-north-1" in link
    assert "X-Amz-Expires=86400" in link
    assert "never" not in link
    with pytest.raises(StorageUnavailable):
        await objects.put(PATH, pieces(b"x"), "text/plain")


async def test_a_link_to_a_local_file_names_it_until_the_link_ends(tmp_path: Path) -> None:
    objects = local(tmp_path)
    link = await objects.url(PATH, At())

    assert objects.links is not None
    assert link is not None
    start, _, token = link.rpartition("/")
    assert start == "http://api.example/files"
    assert objects.links.path(token, NOW + timedelta(hours=23)) == PATH
    assert objects.links.path(token, NOW + timedelta(hours=24)) is None


def test_a_link_that_was_changed_names_nothing() -> None:
    links = Links(KEYS)
    token = links.token(PATH, NOW + timedelta(hours=1))

    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert links.path(changed, NOW) is None
    for token_of_others in ("", "=", "é", "A" * 200, token[:-1], token + "A", token + "AAAA"):
        assert links.path(token_of_others, NOW) is None


def test_links_outlive_a_change_of_the_master_key_as_long_as_the_old_one_is_kept() -> None:
    token = Links(KEYS).token(PATH, NOW + timedelta(hours=1))

    assert Links(MasterKeys.parse(f"1:{OLD},2:{NEW}")).path(token, NOW) == PATH
    assert Links(MasterKeys.parse(f"2:{NEW}")).path(token, NOW) is None
