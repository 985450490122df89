"""Uploads: streamed into storage, kept with their thread, shown by links that end; what goes wrong leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.gateway.errors import ApiError
from services.gateway.files import attachments
from services.gateway.uploads import LIMIT
from shared.clock import RandomIds
from shared.content.model import Attachment
from shared.contracts.threads import Channel, ThreadStatus
from tests.support.eventually import eventually
from tests.support.gateway import GatewaySide, Key, gateway_side
from tests.support.thread_events import thread_fact

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
FIELDS = {"name", "bucket", "path", "mime_type", "size", "content_disposition", "url"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the gateway keeps files."""
    return tmp_path / "objects"


@pytest.fixture
async def gateway(database_url: str, folder: Path) -> AsyncIterator[GatewaySide]:
    """A gateway that keeps files in a folder."""
    async with gateway_side(database_url, object_store_url=folder.as_uri()) as running:
        yield running


class Threads:
    """One caller and the threads that its owner told of."""

    def __init__(self, gateway: GatewaySide, key: Key, api: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.key = key
        self.api = api

    async def thread(
        self, status: ThreadStatus = ThreadStatus.DRAFT, key: Key | None = None, **more: Any
    ) -> UUID:
        """Let a thread be there, of this caller or of another."""
        thread_id, owner = RandomIds().new(), key or self.key
        more |= {"tenant_id": owner.tenant_id, "workspace_id": owner.workspace_id}
        await self.gateway.project(thread_fact(thread_id, 1, status, **more))
        return thread_id

    async def upload(
        self, thread_id: UUID | str, name: str = "logo.png", data: bytes = PNG, **headers: str
    ) -> httpx.Response:
        """Upload a file."""
        named = {each.replace("_", "-"): value for each, value in headers.items()}
        return await self.api.post(
            f"/api/threads/{thread_id}/attachments", files={"file": (name, data)}, headers=named
        )

    async def rows(self) -> list[dict[str, Any]]:
        """Return everything that is known of files."""
        return [dict(row) for row in await self.gateway.pool.fetch("select * from content.attachment")]


@pytest.fixture
async def threads(gateway: GatewaySide, key: Key, api: httpx.AsyncClient) -> Threads:
    """The caller's threads."""
    return Threads(gateway, key, api)


def stored(folder: Path) -> list[bytes]:
    """Return all bytes that lie in storage."""
    return [each.read_bytes() for each in folder.rglob("*") if each.is_file()]


def put_away(folder: Path) -> None:
    """Put a file where the storage was."""
    folder.rename(folder.with_name("moved"))
    folder.write_text("no folder")


def bring_back(folder: Path) -> None:
    """Put the storage where it was."""
    folder.unlink()
    folder.with_name("moved").rename(folder)


@pytest.mark.contract("S3-19")
async def test_an_uploaded_file_is_described_kept_and_shown(threads: Threads, folder: Path) -> None:
    thread_id = await threads.thread()

    answer = await threads.upload(thread_id, "../my\u202e logo.png")

    assert answer.status_code == 201, answer.text
    attachment = answer.json()["attachment"]
    assert set(attachment) == FIELDS
    assert attachment["name"] == "my logo.png"
    assert (attachment["mime_type"], attachment["size"]) == ("image/png", len(PNG))
    assert attachment["path"].startswith(f"{threads.key.tenant_id}/{thread_id}/")
    assert "logo" not in attachment["path"]
    assert stored(folder) == [PNG]

    shown = await threads.api.get(httpx.URL(attachment["url"]).path, headers={"Authorization": ""})
    assert (shown.status_code, shown.content) == (200, PNG)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"] == 'inline; filename="my logo.png"'
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]


@pytest.mark.parametrize("data", [b"<!doctype html><script>1</script>", b"<svg onload='x'>", b"%PDF-1.7"])
async def test_what_could_run_in_a_browser_is_never_shown_in_place(threads: Threads, data: bytes) -> None:
    url = (await threads.upload(await threads.thread(), "innocent.png", data)).json()["attachment"]["url"]

    shown = await threads.api.get(url)

    assert shown.headers["content-disposition"].startswith("attachment;")
    assert shown.headers["content-type"] not in {"image/png", "text/plain"}


async def test_a_link_that_was_changed_or_whose_file_was_erased_shows_nothing(threads: Threads) -> None:
    url = (await threads.upload(await threads.thread())).json()["attachment"]["url"]
    await threads.gateway.pool.execute("update content.attachment set erased_at = now()")

    for path in (url, url[:-2], "/files/x", "/files/" + "A" * 200):
        assert (await threads.api.get(path)).status_code == 404
    assert (await threads.api.post(url)).status_code == 405


@pytest.mark.contract("S3-19")
async def test_nothing_can_be_attached_where_nothing_can_be_written(threads: Threads, folder: Path) -> None:
    other = await threads.gateway.key("Other")
    refused: dict[int, list[UUID | str]] = {
        404: [
            RandomIds().new(),
            await threads.thread(key=other),
            await threads.thread(channel=Channel.LINKEDIN),
            await threads.thread(ThreadStatus.ERASED),
        ],
        400: ["x", await threads.thread(ThreadStatus.ARCHIVED), await threads.thread(ThreadStatus.WARMUP)],
    }

    for status, ids in refused.items():
        for each in ids:
            answer = await threads.upload(each)
            assert answer.status_code == status, answer.text
    assert (await threads.upload(await threads.thread(ThreadStatus.ACTIVE))).status_code == 201
    assert stored(folder) == [PNG]


@pytest.mark.contract("S3-19")
async def test_a_body_that_is_not_one_file_of_ten_megabytes_at_most_is_refused(
    threads: Threads, folder: Path
) -> None:
    path = f"/api/threads/{await threads.thread()}/attachments"
    too_large = await threads.api.post(path, files={"file": ("a", bytes(LIMIT + 1))})
    bodies: list[dict[str, Any]] = [
        {"files": {"other": ("a", b"x")}},
        {"files": {"file": (None, "text")}},
        {"files": {"file": ("", b"x")}},
        {"files": [("file", ("a", b"x")), ("file", ("b", b"x"))]},
        {"files": {"file": ("a", b"x")}, "data": {"more": "x"}},
    ]

    answers = [await threads.api.post(path, **each) for each in bodies]

    assert [each.status_code for each in answers] == [400] * len(bodies)
    assert (too_large.status_code, too_large.json()["code"]) == (400, "file_too_large")
    assert (await threads.api.post(path, json={})).status_code == 415
    assert all(row["stored_at"] is None and row["erased_at"] for row in await threads.rows())
    assert stored(folder) == []


async def test_an_upload_repeated_with_its_key_is_one_file(threads: Threads) -> None:
    thread_id = await threads.thread()

    first = await threads.upload(thread_id, Idempotency_Key="once")
    again = await threads.upload(thread_id, Idempotency_Key="once")
    other = await threads.upload(thread_id, data=PNG + b"x", Idempotency_Key="once")

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422
    rows = await threads.rows()
    assert len([row for row in rows if row["stored_at"]]) == 1
    assert len([row for row in rows if row["erased_at"]]) == 2


async def test_an_upload_that_is_cut_off_leaves_nothing_to_find(
    threads: Threads, gateway: GatewaySide, folder: Path
) -> None:
    url = httpx.URL(gateway.base_url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST /api/threads/{await threads.thread()}/attachments HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n"
        f"Authorization: Bearer {threads.key.text}\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\n'
    )
    writer.write(head.encode() + b"half" * 500_000)
    await writer.drain()
    await eventually(threads.rows, what="the upload is begun")
    writer.close()

    async def is_given_up() -> bool:
        return all(row["erased_at"] and not row["stored_at"] for row in await threads.rows())

    await eventually(is_given_up, what="the upload is given up")
    assert stored(folder) == []


async def test_storage_that_cannot_be_written_is_told_without_where_it_is(
    threads: Threads, folder: Path
) -> None:
    thread_id = await threads.thread()
    url = (await threads.upload(thread_id)).json()["attachment"]["url"]
    put_away(folder)

    answer = await threads.upload(thread_id)

    assert (answer.status_code, answer.json()["code"]) == (500, "storage_unavailable")
    assert str(folder.parent) not in answer.text
    assert (await threads.api.get(url)).status_code in {404, 500}
    bring_back(folder)
    assert (await threads.upload(thread_id)).status_code == 201


@pytest.mark.contract("S3-19")
async def test_attachments_are_taken_only_as_they_were_uploaded_here(threads: Threads) -> None:
    known = (await threads.upload(await threads.thread())).json()["attachment"]
    other = await threads.gateway.key("Acme", "Elsewhere")
    foreign_thread = await threads.thread(key=other)
    async with threads.gateway.client(other) as api:
        foreign = (
            await api.post(f"/api/threads/{foreign_thread}/attachments", files={"file": ("a", b"x")})
        ).json()["attachment"]

    async def take(**changes: Any) -> tuple[Attachment, ...]:
        given = Attachment.model_validate({**known, **changes})
        async with threads.gateway.pool.acquire() as connection:
            return await attachments(
                connection, [given], bucket="attachments", workspace_id=threads.key.workspace_id
            )

    assert (await take(name="x\r\nBcc: e", mime_type="text/html", size=1))[0].model_dump() == {
        each: known[each] for each in FIELDS - {"url"}
    }
    for changes in (
        {"path": foreign["path"]},
        {"bucket": "other"},
        {"path": known["path"] + "x"},
        {"path": "\x00"},
    ):
        with pytest.raises(ApiError) as refused:
            await take(**changes)
        assert (refused.value.status, refused.value.code) == (400, "invalid_attachments")
