"""What is done next for a message that is to leave, and what each answer means: once, or an honest word that nobody knows.

A call that may have been made is repeated only under the same key and only while the provider remembers keys; after
that, or where it must not be sent any more, the inbox itself is asked whether it holds the message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.threads.domain.message import Message
from shared.content.model import MailContent
from shared.contracts.accounts import Failure

BASE_SECONDS = 0.5
CAP_SECONDS = 30.0

REFUSED = "message_refused"
NOT_SENT = Failure(
    code=REFUSED,
    message="The message could not be handed over to the inbox provider in time and was not sent.",
)
NOT_READY = Failure(
    code=REFUSED,
    message="The inbox provider does not know the inbox, its domain or the message to answer, and sent nothing.",
)
FILE_MISSING = Failure(code=REFUSED, message="An attachment is not there any more; nothing was sent.")
TOO_LARGE = Failure(
    code=REFUSED, message="The message is too large for the inbox provider; nothing was sent."
)
ERASED = Failure(code="thread_erased", message="The thread was erased before the message was sent.")
SENDER_GONE = Failure(
    code="account_not_ready", message="The account could not send any more when the message was due."
)
INBOX_GONE = Failure(
    code="message_outcome_unknown",
    message="The inbox is gone, and with it the trace of whether the message was sent.",
)
NO_LOOK_UP = Failure(
    code="message_outcome_unknown",
    message="The inbox provider did not let us find out whether the message was sent.",
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each kind of doubt is borne, in seconds."""

    key_life: float = 86_400.0
    """How long the provider surely gives a repeated key the first result."""
    settle: float = 600.0
    """How long after a call its effect may still appear."""
    not_ready: float = 60.0
    """How long an inbox that cannot send may take until it can."""
    look_up: float = 3 * 86_400.0
    """How long look-ups may fail before nobody can know."""

    @property
    def repeat(self) -> float:
        """How long after the first call another may be made; it must end well within the life of the key."""
        return self.key_life * 0.9


@dataclass(frozen=True, slots=True)
class Post:
    """The message is handed over from this inbox, under its key."""

    inbox_id: str
    content: MailContent


@dataclass(frozen=True, slots=True)
class Look:
    """The inbox is asked whether it holds the message; `refusal` says why it was not sent if it does not."""

    refusal: Failure


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing is settled; it goes on after this wait, with what is known by then."""

    wait_seconds: float
    intent_at: datetime | None
    """When the first call began whose outcome is not known; None while it is certain that nothing was sent."""
    called_at: datetime | None
    """When the last such call began."""
    unready_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider has taken it; ids are None where only an operator knows that, and `at` is when, if it was not just now."""

    message_id: str | None
    thread_id: str | None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It was certainly not sent."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Nobody can say whether it was sent."""

    failure: Failure


Outcome = Sent | Failed | Unresolved
Decision = Outcome | Again
Jitter = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Sending:
    """The rules of sending one message, which is as it was before the step in hand; `now` is when that step began."""

    message: Message
    now: datetime
    patience: Patience
    jitter: Jitter

    def first_step(
        self, inbox_id: str | None, content: MailContent | None, *, is_ready: bool
    ) -> Post | Look | Failed:
        """Decide what to do for a message that is due; one that nobody tried yet and that must not leave has failed.

        Where the inbox or the content is None, there is none any more; `is_ready` says whether the account may send (A24).
        """
        if content is None:
            return self.refused(ERASED)
        if inbox_id is None or not is_ready:
            return self.refused(SENDER_GONE)
        intent_at = self.message.intent_at
        if intent_at is not None and self._since(intent_at) > self.patience.repeat:
            return Look(NOT_SENT)
        return Post(inbox_id, content)

    def refused(self, failure: Failure) -> Failed | Look:
        """Decide what a definite no means: an earlier call that nobody answered may still have gone through."""
        return Failed(failure) if self.message.intent_at is None else Look(failure)

    def not_ready(self) -> Again | Failed | Look:
        """Decide what it means that the inbox cannot send: a new one often needs a moment."""
        since = self.message.unready_since or self.now
        if self._since(since) < self.patience.not_ready:
            return replace(self.later(), unready_since=since)
        return self.refused(NOT_READY)

    def later(self, wait_seconds: float | None = None, *, is_unanswered: bool = False) -> Again:
        """Go on after what the provider asks for, or else after a growing while.

        `is_unanswered` says that nobody knows what came of the call in hand; what is not known of earlier ones stays so.
        """
        longest = min(CAP_SECONDS, BASE_SECONDS * 2 ** min(self.message.attempts, 10))
        wait = self.jitter(longest / 2, longest) if wait_seconds is None else wait_seconds
        intent_at, called_at = self.message.intent_at, self.message.called_at
        if is_unanswered:
            intent_at, called_at = intent_at or self.now, self.now
        return Again(wait, intent_at, called_at)

    def absent(self, refusal: Failure) -> Again | Failed:
        """Decide what it means that the inbox does not hold the message: not sent, once no call can have its effect any more."""
        called_at = self.message.called_at
        if called_at is not None and self._since(called_at) < self.patience.settle:
            return self.later()
        return Failed(refusal)

    def inbox_gone(self) -> Unresolved:
        """Decide what it means that there is no inbox to look in."""
        return Unresolved(INBOX_GONE)

    def look_up_failed(self, wait_seconds: float | None, *, is_unanswered: bool) -> Again | Unresolved:
        """Decide what a look-up without an answer means: another one, for days, and then an operator's decision."""
        intent_at = self.message.intent_at
        if intent_at is not None and self._since(intent_at) > self.patience.look_up:
            return Unresolved(NO_LOOK_UP)
        return self.later(wait_seconds, is_unanswered=is_unanswered)

    def _since(self, moment: datetime) -> float:
        return (self.now - moment).total_seconds()
