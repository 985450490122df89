"""Files end with their thread or when nothing refers to them, whatever kills the process or the storage meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from services.threads import eraser
from services.threads.eraser import Eraser
from services.threads.store_files import FileStore
from shared.clock import RandomIds
from shared.content import files, parts
from shared.content.model import Attachment, MailContent
from shared.content.objects import LOCAL_BUCKET, StorageUnavailable, object_path, open_objects
from shared.db.pool import Connection, Pool
from shared.observability.failpoints import FailPointRaised
from shared.settings import MailSettings

TENANT, WORKSPACE, THREAD, OTHER = (RandomIds().new() for _ in range(4))


class Bench:
    """A database, a folder, and what erases both."""

    def __init__(self, pool: Pool, connection: Connection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder
        settings = {"database_url": "", "kafka_bootstrap": "", "object_store_url": folder.as_uri()}
        self.objects = open_objects(MailSettings.model_validate(settings), None)
        self.eraser = Eraser(FileStore(pool), self.objects)

    async def file(self, thread_id: UUID = THREAD, *, is_finished: bool = True) -> str:
        """Store a file in a thread, and return its path."""
        path = object_path(TENANT, thread_id, RandomIds().new())
        await files.begin(
            self.connection, path=path, tenant_id=TENANT, workspace_id=WORKSPACE, thread_id=thread_id
        )
        await self.objects.put(path, _bytes(), "text/plain")
        if is_finished:
            await files.finish(self.connection, path, name="secret.txt", mime_type="text/plain", size=5)
        return path

    async def undeletable(self) -> str:
        """Store a file that cannot be deleted, and return its path."""
        path = await self.file()
        (self.folder / path).unlink()
        (self.folder / path / "in the way").mkdir(parents=True)
        return path

    async def attach(self, path: str, thread_id: UUID = THREAD) -> UUID:
        """Write a draft with this file attached, and return its reference."""
        attachment = Attachment(
            name="secret.txt", bucket=LOCAL_BUCKET, path=path, mime_type="text/plain", size=5
        )
        ref = RandomIds().new()
        await parts.put(
            self.connection,
            id=ref,
            tenant_id=TENANT,
            workspace_id=WORKSPACE,
            thread_id=thread_id,
            kind="draft",
            body=MailContent(attachments=(attachment,)),
        )
        return ref

    async def let_pass(self, time: str) -> None:
        """Let everything that is due be due so much earlier."""
        await self.connection.execute(
            "update content.attachment set due_at = due_at - $1::text::interval", time
        )

    async def order(self, paths: list[str]) -> None:
        """Let files be due in this order."""
        for seconds, path in enumerate(reversed(paths), 1):
            await self.connection.execute(
                "update content.attachment set due_at = now() - make_interval(secs => $2) where path = $1",
                path,
                seconds,
            )

    async def erase_thread(self, thread_id: UUID = THREAD) -> None:
        """Do what the owner of threads does when one is erased."""
        async with self.connection.transaction():
            await parts.forget_thread(self.connection, thread_id)

    async def rows(self) -> dict[str, str]:
        """Return the paths that are known, with the names of their files."""
        return {
            row["path"]: row["name"]
            for row in await self.connection.fetch("select path, name from content.attachment")
        }

    async def shown(self, path: str) -> bool:
        """Whether a reader finds the file."""
        return bool(await files.find(self.connection, [path]))

    def stored(self) -> set[str]:
        """Return the paths of all bytes in storage."""
        return {str(each.relative_to(self.folder)) for each in self.folder.rglob("*") if each.is_file()}


async def _bytes() -> AsyncIterator[bytes]:
    yield b"bytes"


@pytest.fixture
async def bench(pool: Pool, tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench with nothing on it."""
    async with pool.acquire() as connection:
        yield Bench(pool, connection, tmp_path / "objects")


@pytest.mark.promise("I14")
async def test_an_erased_thread_takes_its_files_along(bench: Bench) -> None:
    path, kept = await bench.file(), await bench.file(OTHER)
    await bench.attach(path)
    await bench.attach(kept, OTHER)

    await bench.erase_thread()
    assert (await bench.rows())[path] == "", "nameless at once"
    assert not await bench.shown(path)
    assert await bench.eraser.erase_some() == 1

    assert await bench.rows() == {kept: "secret.txt"}
    assert bench.stored() == {kept}
    assert await bench.eraser.erase_some() == 0


async def test_a_file_that_another_thread_attached_goes_with_the_last_of_them(bench: Bench) -> None:
    path = await bench.file()
    await bench.attach(path)
    await bench.attach(path, OTHER)

    await bench.erase_thread()
    await bench.eraser.erase_some()
    assert await bench.shown(path)

    await bench.erase_thread(OTHER)
    await bench.eraser.erase_some()
    assert bench.stored() == set()


async def test_a_file_that_nothing_refers_to_is_erased_after_a_day(bench: Bench) -> None:
    loose, attached = await bench.file(), await bench.file()
    await bench.attach(attached)

    await bench.let_pass("23 hours")
    assert await bench.eraser.erase_some() == 0
    assert await bench.shown(loose)

    await bench.let_pass("1 hour")
    assert await bench.eraser.erase_some() == 0
    assert not await bench.shown(loose), "nobody can attach it any more"
    assert bench.stored() == {loose, attached}

    await bench.let_pass("10 minutes")
    assert await bench.eraser.erase_some() == 1
    assert bench.stored() == set(await bench.rows()) == {attached}


async def test_a_file_attached_in_the_last_moment_stays(bench: Bench) -> None:
    path = await bench.file()
    await bench.let_pass("1 day")
    await bench.eraser.erase_some()

    ref = await bench.attach(path)
    await bench.let_pass("10 minutes")
    assert await bench.eraser.erase_some() == 0
    assert await bench.shown(path)

    await parts.forget(bench.connection, [ref])
    for time in ("7 days", "10 minutes"):
        await bench.let_pass(time)
        await bench.eraser.erase_some()
    assert bench.stored() == set(await bench.rows()) == set()


@pytest.mark.parametrize("is_given_up", [True, False])
async def test_an_upload_that_died_leaves_nothing(bench: Bench, is_given_up: bool) -> None:
    path = await bench.file(is_finished=False)
    (bench.folder / f"{path}#1").write_bytes(b"half")
    assert not await bench.shown(path)

    if is_given_up:
        await files.give_up(bench.connection, path)
    else:
        await bench.let_pass("1 day")
        await bench.eraser.erase_some()
        await bench.let_pass("10 minutes")
    assert await bench.eraser.erase_some() == 1

    assert bench.stored() == set(await bench.rows()) == set()


@pytest.mark.promise("R12")
@pytest.mark.parametrize("point", ["before_delete", "after_delete"])
async def test_erasing_goes_on_where_it_was_killed(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    path = await bench.file()
    await bench.erase_thread()
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    (tmp_path / f"threads.erase_files.{point}").write_text("raise 1")

    with pytest.raises(FailPointRaised):
        await bench.eraser.erase_some()
    assert set(await bench.rows()) == {path}
    await bench.let_pass("5 minutes")
    await bench.eraser.erase_some()

    assert bench.stored() == set(await bench.rows()) == set()


async def test_erasing_waits_for_storage_that_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await bench.file()
    await bench.erase_thread()

    async def away(_: object) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(bench.objects, "delete", away)
        with pytest.raises(StorageUnavailable):
            await bench.eraser.erase_some()
    assert set(await bench.rows()) == {path}

    await bench.let_pass("5 minutes")
    assert await bench.eraser.erase_some() == 1
    assert bench.stored() == set()


async def test_a_file_that_cannot_be_deleted_keeps_no_other_from_going(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eraser, "AT_ONCE", 3)
    stuck = [await bench.undeletable() for _ in range(4)]
    others = [await bench.file() for _ in range(5)]
    await bench.erase_thread()
    await bench.order([*stuck[:3], *others[:2], stuck[3], *others[2:]])

    with pytest.raises(StorageUnavailable):
        await bench.eraser.erase_some()
    assert [await bench.eraser.erase_some() for _ in range(3)] == [3, 3, 0]

    assert set(await bench.rows()) == set(stuck)
    assert not bench.stored() & set(others)


async def test_what_cannot_be_deleted_is_tried_less_and_less_often(bench: Bench) -> None:
    await bench.undeletable()
    await bench.erase_thread()

    waits = []
    for minutes_ago in (0, 20, 600):
        await bench.connection.execute(
            "update content.attachment set due_at = now(), erased_at = now() - make_interval(mins => $1)",
            minutes_ago,
        )
        with pytest.raises(StorageUnavailable):
            await bench.eraser.erase_some()
        waits.append(await bench.connection.fetchval("select due_at - now() from content.attachment"))

    assert [round(wait.total_seconds() / 60) for wait in waits] == [5, 20, 60]
