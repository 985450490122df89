"""What the threads service needs of the outside, in its own words.

Calls that change something raise `Refused` for a definite no, `Unknown` when nobody knows, and `Retryable` when nothing
happened. Calls that only read raise nothing but `Retryable`, `InboxGone` where there is nothing to read any more, and `Unreadable` where nobody could read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from shared.errors import MailwrightError, Retryable, Unknown


class Refused(MailwrightError):
    """The provider said no for good: nothing was sent; the code and the sentence are safe to show."""

    code = "message_refused"


class NotReady(MailwrightError):
    """The provider cannot send this at the moment, and nothing was sent: what it needs may be there soon, or be gone."""

    code = "sender_not_ready"


class OperatorFault(Retryable):
    """The provider refuses our own key or plan: nothing is wrong with the message, and only an operator can help."""

    code = "provider_misconfigured"


class KeyInUse(Unknown):
    """An earlier call under the same key was made, or still runs: what came of that one has to be looked up."""

    code = "key_in_use"


class InboxGone(MailwrightError):
    """The provider does not know the inbox."""

    code = "inbox_gone"


class Unreadable(MailwrightError):
    """What the provider tells cannot be understood, and never will be."""

    code = "mail_unreadable"


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as it leaves: either its bytes, or an address from which the provider fetches it."""

    name: str
    mime_type: str
    disposition: Literal["attachment", "inline"] = "attachment"
    content: bytes | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it leaves an inbox; everything in it is the same whenever it is handed over."""

    key: str
    """Names the sending: the provider gives a repeated key the first result."""
    label: str
    """Marks the message at the provider, to be found by."""
    message_id: str
    """The Message-ID that it should have; the provider may give it another one."""
    to: str
    subject: str | None = field(repr=False)
    text: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    bcc: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[File, ...] = field(default=(), repr=False)
    answers: str | None = None
    """The Message-ID, at the provider, of the message it replies to; None for a new mail."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What the provider calls a message that it took, and its thread."""

    message_id: str
    thread_id: str


class Postbox(Protocol):
    """Where mail is handed over to be sent."""

    async def post(self, inbox_id: str, letter: Letter) -> Posted:
        """Send a message from an inbox.

        Raises:
            Refused: It never will be.
            NotReady: The inbox, its domain or the answered message is not there, at least not yet.
            KeyInUse: Another call of the same sending was made or runs.
        """
        ...

    async def find(self, inbox_id: str, label: str, message_id: str) -> Posted | None:
        """Look for a message that may have been sent; None proves that the inbox does not hold it.

        Raises:
            InboxGone: There is nothing to look in.
            Retryable: The look-up failed, or what it found tells no ids.
        """
        ...


@dataclass(frozen=True, slots=True)
class MailFile:
    """An attachment that a message came with; its bytes are fetched apart."""

    id: str
    name: str | None
    mime_type: str | None
    disposition: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as it lies in an inbox; bodies and headers are None where the provider left them out."""

    message_id: str
    thread_id: str
    inbox_id: str
    at: datetime
    labels: tuple[str, ...]
    sender: str
    to: tuple[str, ...]
    subject: str | None = field(repr=False)
    text: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    files: tuple[MailFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing says of a message, which is as much as it takes to read it and to go on behind it."""

    message_id: str | None
    """None if what the provider calls it is nothing to ask for it by: nobody can read it."""
    at: datetime
    labels: tuple[str, ...]


class Mailbox(Protocol):
    """Mail that arrived."""

    async def read(self, inbox_id: str, message_id: str) -> Mail | None:
        """Return a message with its bodies; None if the inbox, or the message in it, is gone.

        Raises:
            Unreadable: It lacks what a message has.
        """
        ...

    async def since(self, inbox_id: str, moment: datetime, *, most: int) -> Sequence[Listed]:
        """Return up to `most` messages that came or left after a moment, oldest first; none of them is left out.

        Raises:
            InboxGone: There is nothing to look in.
        """
        ...
