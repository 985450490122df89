"""Files in object storage, streamed in and out: a local folder or anything that speaks S3, chosen by one setting.

A path is made of ids only (tenant, thread, file), so that nothing of a file's name or content is in it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from shared.clock import Clock
from shared.content.links import Links
from shared.errors import MailwrightError, Retryable
from shared.security.vault import MasterKeys
from shared.settings import MailSettings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

LINK_HOURS = 24
"""How long a link to a file works."""
LOCAL_BUCKET = "attachments"
"""What the local folder is called where S3 has the name of a bucket."""
CHUNK_BYTES = 256 * 1024
"""How much of a file is read at once, and written at once to the local folder."""
_PATH = re.compile("/".join(["[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"] * 3))
_S3_PART_BYTES = 5 * 1024 * 1024  # S3 takes no smaller part


class StorageUnavailable(Retryable):
    """Object storage cannot be used at the moment, or is not configured."""

    code = "storage_unavailable"


class ObjectMissing(MailwrightError):
    """There is no such file, or no more."""

    code = "object_missing"


def object_path(tenant_id: UUID, thread_id: UUID, file_id: UUID) -> str:
    """Return where a file lies."""
    return f"{tenant_id}/{thread_id}/{file_id}"


def is_object_path(path: str) -> bool:
    """Whether a file of ours could lie there."""
    return _PATH.fullmatch(path) is not None


class Objects:
    """The files of an installation; `bucket` is how attachments name the place."""

    def __init__(
        self, store: LocalStore | S3Store | None, bucket: str, links: Links | None, base_url: str
    ) -> None:
        self._store = store
        self.bucket = bucket
        self.links = links
        self._base_url = base_url.rstrip("/")

    async def put(self, path: str, chunks: AsyncIterator[bytes], mime_type: str) -> None:
        """Store a file as it comes, with one part of it in memory; it is there whole or, after any error, not at all.

        Raises:
            StorageUnavailable: It could not be stored.
            Exception: What `chunks` raised.
        """
        store, raised = self._open(), list[BaseException]()

        async def told() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            except BaseException as error:
                raised.append(error)
                raise

        is_s3 = isinstance(store, S3Store)
        try:
            with _trouble_told():
                await obstore.put_async(
                    store,
                    path,
                    told(),
                    attributes={"Content-Type": mime_type, "Content-Disposition": "attachment"}
                    if is_s3
                    else None,
                    use_multipart=True,
                    chunk_size=_S3_PART_BYTES if is_s3 else CHUNK_BYTES,
                    max_concurrency=1,
                )
        except Exception:
            if raised:
                raise raised[0] from None
            raise

    async def get(self, path: str) -> AsyncIterator[bytes]:
        """Open a file and return its bytes, a chunk at a time.

        Raises:
            ObjectMissing: It is not there.
            StorageUnavailable: It could not be read; also from the iterator.
        """
        with _trouble_told():
            found = await obstore.get_async(self._open(), path)
        return _chunks(found)

    async def exists(self, path: str) -> bool:
        """Whether a file is there, whole.

        Raises:
            StorageUnavailable: That could not be found out.
        """
        try:
            with _trouble_told():
                await obstore.head_async(self._open(), path)
        except ObjectMissing:
            return False
        return True

    async def delete(self, path: str) -> None:
        """Delete a file, and what a process that died left of it; it is no error that it is not there.

        Raises:
            StorageUnavailable: It could not be deleted.
        """
        store = self._open()
        with suppress(ObjectMissing), _trouble_told():
            if isinstance(store, LocalStore):
                _delete_unfinished(store, path)
            await obstore.delete_async(store, path)
        # Some stores answer as if there were nothing to a call that they do not know.
        if await self.exists(path):
            raise StorageUnavailable("Object storage did not delete a file.")

    async def url(self, path: str, clock: Clock) -> str | None:
        """Return a link with which anybody can read a file for a day; None where nothing can sign one.

        Raises:
            StorageUnavailable: The store has no credentials to sign with.
        """
        store = self._open()
        if isinstance(store, S3Store):
            with _trouble_told():
                # In a thread of ours: obstore's own may answer a process that has just ended, which aborts it.
                return await asyncio.to_thread(obstore.sign, store, "GET", path, timedelta(hours=LINK_HOURS))
        if self.links is None:
            return None
        return f"{self._base_url}/files/{self.links.token(path, clock.now() + timedelta(hours=LINK_HOURS))}"

    def _open(self) -> LocalStore | S3Store:
        if self._store is None:
            raise StorageUnavailable("No object store is configured: set MAILWRIGHT_OBJECT_STORE_URL.")
        return self._store


def open_objects(settings: MailSettings, keys: MasterKeys | None) -> Objects:
    """Open the object store of the settings; the keys sign links to files in a local folder.

    Raises:
        StorageUnavailable: The setting names no store that there could be, or a folder that cannot be made.
    """
    links = Links(keys) if keys is not None else None
    url = urlsplit(settings.object_store_url)
    if not settings.object_store_url:
        return Objects(None, LOCAL_BUCKET, links, settings.public_url)
    if url.scheme == "file" and not url.netloc and len(url.path) > 1:
        return Objects(_open_folder(Path(unquote(url.path))), LOCAL_BUCKET, links, settings.public_url)
    if url.scheme == "s3" and url.netloc:
        s3 = _open_bucket(url.netloc, url.path.strip("/"), settings)
        return Objects(s3, url.netloc, links, settings.public_url)
    raise StorageUnavailable("MAILWRIGHT_OBJECT_STORE_URL is neither file:///folder nor s3://bucket/prefix.")


def _open_folder(folder: Path) -> LocalStore:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(folder, automatic_cleanup=True)
    except (BaseError, OSError) as error:
        raise StorageUnavailable(
            f"The folder of MAILWRIGHT_OBJECT_STORE_URL cannot be used: {type(error).__name__}."
        ) from error


def _open_bucket(bucket: str, prefix: str, settings: MailSettings) -> S3Store:
    """Open a bucket; what the settings leave open obstore takes from `AWS_…` variables or from the machine's role."""
    config: S3Config = {}
    client: ClientConfig = {"timeout": timedelta(seconds=30), "connect_timeout": timedelta(seconds=5)}
    if settings.object_store_endpoint:
        config["endpoint"] = settings.object_store_endpoint
        client["allow_http"] = settings.object_store_endpoint.startswith("http://")
    if settings.object_store_region:
        config["region"] = settings.object_store_region
    if settings.object_store_key_id:
        config["access_key_id"] = settings.object_store_key_id
        config["secret_access_key"] = settings.object_store_key.get_secret_value()
    # A call that fails is repeated by whoever made it, who knows how long it may take.
    retries: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
    return S3Store(bucket, prefix=prefix or None, config=config, client_options=client, retry_config=retries)


async def _chunks(found: obstore.GetResult) -> AsyncIterator[bytes]:
    with _trouble_told():
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)


def _delete_unfinished(store: LocalStore, path: str) -> None:
    """Delete what a local store keeps beside a file while it is written."""
    place = Path(store.prefix or "", path)
    for unfinished in place.parent.glob(f"{place.name}#*"):
        unfinished.unlink(missing_ok=True)


@contextmanager
def _trouble_told() -> Iterator[None]:
    """Tell trouble of the store in our own words; its own name paths of the machine."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectMissing("There is no such file in object storage.") from None
    except (BaseError, OSError) as error:
        raise StorageUnavailable(f"Object storage failed: {type(error).__name__}.") from error
