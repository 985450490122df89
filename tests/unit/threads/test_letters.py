"""How a message becomes a letter: the same one every time, its files inside it or, where they are too large, by a link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from services.threads.domain.message import Message
from services.threads.letters import LARGEST_REQUEST_BYTES, Letters
from services.threads.ports import Letter, Refused
from shared.content.model import Attachment, MailContent
from shared.content.objects import Objects, StorageUnavailable, open_objects
from shared.contracts.threads import Direction, MessageStatus, ThreadingMode
from shared.security.vault import MasterKeys
from shared.settings import MailSettings

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ID = UUID(int=1)
MESSAGE = Message(
    id=ID,
    thread_id=UUID(int=2),
    account_id=UUID(int=3),
    tenant_id=UUID(int=4),
    workspace_id=UUID(int=5),
    direction=Direction.OUTBOUND,
    status=MessageStatus.QUEUED,
    content_ref=UUID(int=6),
    from_email="sam@acme.example",
    to_email="ann@example.com",
    created_at=NOW,
    updated_at=NOW,
    threading_mode=ThreadingMode.NEW_THREAD,
)
KEYS = MasterKeys.parse("1:" + "A" * 43 + "=")


class At:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return its instant."""
        return NOW


def local(folder: Path, keys: MasterKeys | None = KEYS) -> Objects:
    settings = {
        "database_url": "",
        "kafka_bootstrap": "",
        "public_url": "https://api.example",
        "object_store_url": folder.as_uri(),
    }
    return open_objects(MailSettings.model_validate(settings), keys)


async def attached(objects: Objects, name: str, size: int, disposition: str = "attachment") -> Attachment:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * size

    await objects.put(name, chunks(), "text/plain")
    return Attachment(
        name=f"{name}.txt",
        bucket=objects.bucket,
        path=name,
        mime_type="text/plain",
        size=size,
        content_disposition=disposition,
    )


async def letter(content: MailContent, objects: Objects, message: Message = MESSAGE) -> Letter:
    return await Letters(objects, At(), "here").compose(message, content)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return local(tmp_path)


async def test_a_letter_is_named_after_its_message_and_so_the_same_every_time(objects: Objects) -> None:
    content = MailContent(
        subject="Hi",
        text="Hello",
        html="<p>Hello</p>",
        cc='"Doe, Jo" <jo@example.com>, al@example.com',
        bcc="kay@example.com",
        attachments=(await attached(objects, "one", 3, "inline"),),
    )

    first, second = await letter(content, objects), await letter(content, objects)

    assert first == second
    assert (first.key, first.label, first.message_id) == (
        f"mw-here-{ID}", f"mw-{ID}", f"<{ID}@acme.example>",
    )  # fmt: skip
    assert (first.to, first.cc, first.bcc) == (
        "ann@example.com", ("jo@example.com", "al@example.com"), ("kay@example.com",),
    )  # fmt: skip
    assert [(file.name, file.mime_type, file.disposition, file.content) for file in first.files] == [
        ("one.txt", "text/plain", "inline", b"xxx")
    ]
    assert first.answers is None


@pytest.mark.parametrize(
    ("mode", "answers"), [(ThreadingMode.REPLY, "<m@x>"), (ThreadingMode.NEW_THREAD, None)]
)
async def test_only_a_reply_answers_something(
    objects: Objects, mode: ThreadingMode, answers: str | None
) -> None:
    message = replace(MESSAGE, threading_mode=mode, in_reply_to="<m@x>")

    assert (await letter(MailContent(text="Hi"), objects, message)).answers == answers


async def test_what_does_not_fit_into_one_request_goes_by_a_link_the_largest_first(objects: Objects) -> None:
    large, small = 4_000_000, 300_000
    content = MailContent(
        text="t" * 10_000,
        attachments=(await attached(objects, "large", large), await attached(objects, "small", small)),
    )

    files = (await letter(content, objects)).files

    assert [file.content is not None for file in files] == [True, True]
    more = content.model_copy(update={"text": "t" * 300_000})
    files = (await letter(more, objects)).files
    assert [file.content is not None for file in files] == [False, True]
    assert files[0].url is not None
    assert files[0].url.startswith("https://api.example/files/")
    assert large + small < LARGEST_REQUEST_BYTES, "base64 takes a third more"


async def test_what_cannot_be_attached_is_not_sent_without_it(tmp_path: Path) -> None:
    unsigned = local(tmp_path, keys=None)
    large = await attached(unsigned, "large", 5_000_000)
    with pytest.raises(Refused, match="too large"):
        await letter(MailContent(text="Hi", attachments=(large,)), unsigned)

    gone = await attached(unsigned, "gone", 3)
    await unsigned.delete("gone")
    with pytest.raises(Refused, match="not there any more"):
        await letter(MailContent(text="Hi", attachments=(gone,)), unsigned)


async def test_storage_that_is_away_makes_the_message_wait(tmp_path: Path) -> None:
    nothing = open_objects(MailSettings.model_validate({"database_url": "", "kafka_bootstrap": ""}), KEYS)
    file = await attached(local(tmp_path), "one", 3)

    with pytest.raises(StorageUnavailable):
        await letter(MailContent(text="Hi", attachments=(file,)), nothing)
