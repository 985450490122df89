"""Files that clients upload, kept for the mail they will be attached to, and shown by links that end."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.gateway.errors import ApiError, invalid, not_found
from services.gateway.media_types import media_type
from services.gateway.uploads import Upload
from shared.clock import Clock, Ids
from shared.content import files
from shared.content.files import StoredFile
from shared.content.model import Attachment
from shared.content.objects import ObjectMissing, Objects, StorageUnavailable, is_object_path, object_path
from shared.db.pool import Connection, Pool
from shared.observability.logging import get_logger

log = get_logger(__name__)

MOST = 20
"""How many files a message may have."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file whose bytes are in storage, and which nobody can find yet; `digest` is the SHA-256 of its bytes."""

    path: str
    name: str
    mime_type: str
    size: int
    digest: str


class Files:
    """The gateway's side of object storage."""

    def __init__(self, pool: Pool, objects: Objects, clock: Clock, ids: Ids) -> None:
        self._pool = pool
        self._objects = objects
        self._clock = clock
        self._ids = ids

    @property
    def bucket(self) -> str:
        """What attachments call the place."""
        return self._objects.bucket

    async def receive(
        self, upload: Upload, *, tenant_id: UUID, workspace_id: UUID, thread_id: UUID
    ) -> Received:
        """Stream an upload into storage, noted before its first byte; whatever goes wrong, its bytes are erased later.

        Raises:
            ApiError: There is something wrong with the upload (400), or with the storage (500).
        """
        path = object_path(tenant_id, thread_id, self._ids.new())
        mime_type = media_type(upload.start, upload.name or "")
        digest = hashlib.sha256()

        async def read() -> AsyncIterator[bytes]:
            async for chunk in upload.chunks():
                digest.update(chunk)
                yield chunk

        async with self._pool.acquire() as connection:
            await files.begin(
                connection, path=path, tenant_id=tenant_id, workspace_id=workspace_id, thread_id=thread_id
            )
        try:
            await self._objects.put(path, read(), mime_type)
        except StorageUnavailable as error:
            log.warning("file_not_stored", error=str(error))
            await self.give_up(path)
            raise storage_trouble() from error
        except ApiError:
            await self.give_up(path)
            raise
        return Received(path, upload.name or "", mime_type, upload.size, digest.hexdigest())

    async def keep(self, connection: Connection, received: Received) -> Attachment:
        """Make a received file findable, in the caller's transaction.

        Raises:
            ApiError: Its thread was erased meanwhile (404).
        """
        is_kept = await files.finish(
            connection, received.path, name=received.name, mime_type=received.mime_type, size=received.size
        )
        if not is_kept:
            raise not_found("thread")
        return Attachment(
            name=received.name,
            bucket=self.bucket,
            path=received.path,
            mime_type=received.mime_type,
            size=received.size,
        )

    async def give_up(self, path: str) -> None:
        """Let what was received of a file be erased."""
        async with self._pool.acquire() as connection:
            await files.give_up(connection, path)

    async def link(self, path: str) -> str | None:
        """Return a link with which anybody can read a file for a day; None where none can be signed."""
        try:
            return await self._objects.url(path, self._clock)
        except StorageUnavailable as error:
            log.warning("file_not_linked", error=str(error))
            return None

    async def linked(self, token: str) -> tuple[StoredFile, AsyncIterator[bytes]] | None:
        """Return the file that a link's token names, opened; None if it names none, or the file is gone.

        Raises:
            ApiError: The storage cannot be read (500).
        """
        links = self._objects.links
        path = links.path(token, self._clock.now()) if links is not None else None
        if path is None:
            return None
        async with self._pool.acquire() as connection:
            found = (await files.find(connection, [path])).get(path)
        if found is None:
            return None
        try:
            return found, await self._objects.get(path)
        except ObjectMissing:
            return None
        except StorageUnavailable as error:
            log.warning("file_not_read", error=str(error))
            raise storage_trouble() from error


async def attachments(
    connection: Connection, given: Sequence[Attachment], *, bucket: str, workspace_id: UUID
) -> tuple[Attachment, ...]:
    """Return the attachments that a call names by bucket and path, each as it was uploaded, whatever else the call says.

    Files of the whole workspace count: a thread that is only being created has none of its own (S3-19).

    Raises:
        ApiError: One of them is no file that was uploaded in this workspace, or there are too many (400).
    """
    if len(given) > MOST:
        raise bad_attachments(f"must not have more than {MOST} entries")
    paths = [each.path for each in given if is_object_path(each.path)]
    found = await files.find(connection, paths) if paths else {}
    known: list[Attachment] = []
    for each in given:
        file = found.get(each.path)
        if file is None or file.workspace_id != workspace_id or each.bucket != bucket:
            raise bad_attachments("must name files that were uploaded in this workspace")
        known.append(
            Attachment(
                name=file.name,
                bucket=bucket,
                path=file.path,
                mime_type=file.mime_type,
                size=file.size,
                content_disposition="attachment",
            )
        )
    return tuple(known)


def bad_attachments(sentence: str) -> ApiError:
    """Return the refusal of attachments that are not ours (400)."""
    return invalid(f"The attachments {sentence}.", code="invalid_attachments", parameter="attachments")


def storage_trouble() -> ApiError:
    """Return the answer while files cannot be stored or read; it says nothing about where they are."""
    return ApiError(
        500, "storage_unavailable", "The file storage cannot be used at the moment; try again shortly."
    )
