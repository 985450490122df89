"""Every way work can fail, as one closed tree that the messaging edge and the workers understand.

    MailwrightError
    ├── Retryable   nothing happened; wait and repeat
    ├── NotYet      what this depends on has not arrived; wait, without counting an attempt
    ├── Poison      this record can never be handled; keep it as a dead letter
    └── Unknown     an effect may have happened; look it up before repeating

Anything else is a bug: it is tried a few times, then kept as a dead letter.
"""

from __future__ import annotations


class MailwrightError(Exception):
    """The root of the tree; `code` is stable and safe to show, the message is a sentence without secrets."""

    code = "internal_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code


class Retryable(MailwrightError):
    """Nothing happened; the same work may be repeated after `retry_after` seconds (None: the caller's backoff)."""

    code = "temporarily_unavailable"

    def __init__(self, message: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class NotYet(MailwrightError):
    """What the work depends on has not arrived; the record is parked, and no attempt is counted."""

    code = "not_yet"


class Poison(MailwrightError):
    """The record can never be handled as it stands."""

    code = "poison"


class Unknown(MailwrightError):
    """An effect may or may not have happened; it must be looked up before it is repeated."""

    code = "outcome_unknown"
