"""What a request is between being accepted and being answered, whatever its dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.gateway.security.keys import KeyText
from shared.contracts.requests import Dialect


class RequestKind(StrEnum):
    """What was asked; with the dialect it decides how the answer is rendered."""

    ACCOUNT_CREATE = "account.create"
    ACCOUNT_CHANGE = "account.change"
    ACCOUNT_DELETE = "account.delete"
    ADDRESS_ADD = "account.add_address"
    ADDRESS_REMOVE = "account.remove_address"
    CREDENTIAL_CREATE = "account.create_credential"
    CREDENTIAL_REVOKE = "account.revoke_credential"
    WARMUP_RETRY = "account.retry_warmup"
    WARMUP_PAUSE = "account.pause_warmup"
    WARMUP_RESUME = "account.resume_warmup"
    WARMUP_DISABLE = "account.disable_warmup"
    DOMAIN_CREATE = "domain.create"
    DOMAIN_CHANGE = "domain.change"
    DOMAIN_VERIFY = "domain.verify"
    DOMAIN_DELETE = "domain.delete"
    THREAD_CREATE = "thread.create"
    THREAD_CHANGE = "thread.change"
    THREAD_ERASE = "thread.erase"
    MESSAGE_SEND = "thread.send_message"
    SUPPRESSION_REMOVE = "thread.remove_suppression"
    LOCAL = "local"
    """Decided by the gateway itself, about what it owns: answered in the transaction that accepts it."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that has no answer yet.

    `subject_id` is the account, domain or thread it is about; `call_id` is the X-Request-Id of the HTTP call that made it,
    `key_id` the id of the key it was made with.
    """

    id: UUID
    kind: RequestKind
    dialect: Dialect
    tenant_id: UUID
    workspace_id: UUID
    subject_id: UUID
    accepted_at: datetime
    call_id: str
    key_id: str = ""
    credential_id: UUID | None = None
    """The credential it is about, if it is about one."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a final answer shows once: an inbox's credential, and the dialect's own key that was minted to go with it."""

    credential_id: UUID
    credential: str = field(repr=False)
    key: KeyText


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The final answer, rendered once: every waiting call and every replay sends these bytes.

    `is_secret` bodies are sealed at rest. `code` and `message` are set on refusals; they outlive the bytes.
    `subject_id` is what the answer is about, which need not be what the request was about. `shown` are the threads that
    an answer about a thread shows besides the request's own: when one of them is erased, the bytes are (I14).
    """

    status: int
    headers: dict[str, str]
    body: bytes
    is_secret: bool = False
    code: str | None = None
    message: str | None = None
    subject_id: UUID | None = None
    shown: frozenset[UUID] | None = None

    @property
    def is_replayable(self) -> bool:
        """Whether a later call with the same Idempotency-Key gets these bytes; trouble of ours is never repeated."""
        return self.status < 500 and self.status != 429
