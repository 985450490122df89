"""Threads and messages as the unit tests need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.threads.domain.message import Message
from services.threads.domain.thread import Thread
from shared.contracts.threads import Direction, MessageStatus, ThreadStatus

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ACCOUNT, THREAD = UUID(int=5), UUID(int=6)


def thread(status: ThreadStatus = ThreadStatus.DRAFT, **values: Any) -> Thread:
    given: dict[str, Any] = {
        "id": THREAD,
        "tenant_id": UUID(int=1),
        "workspace_id": UUID(int=2),
        "user_id": UUID(int=3),
        "status": status,
        "created_at": NOW,
        "updated_at": NOW,
        "last_event_id": UUID(int=4),
        "last_event_time": NOW,
    }
    return Thread(**{**given, **values})


def message(status: MessageStatus = MessageStatus.QUEUED, **values: Any) -> Message:
    is_inbound = status is MessageStatus.RECEIVED
    given: dict[str, Any] = {
        "id": UUID(int=7),
        "thread_id": THREAD,
        "account_id": ACCOUNT,
        "tenant_id": UUID(int=1),
        "workspace_id": UUID(int=2),
        "direction": Direction.INBOUND if is_inbound else Direction.OUTBOUND,
        "status": status,
        "content_ref": UUID(int=8),
        "from_email": "sam@myagentmail.com",
        "to_email": "ann@example.com",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Message(**{**given, **values})
