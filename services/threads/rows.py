"""How threads and messages become rows, and rows threads and messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from services.threads.domain.message import Message
from services.threads.domain.thread import Thread
from shared.contracts.threads import Channel, Direction, MessageStatus, ThreadingMode, ThreadStatus

THREAD_COLUMNS = tuple(field.name for field in fields(Thread))
MESSAGE_COLUMNS = tuple(field.name for field in fields(Message))
FIXED = frozenset({"id", "thread_id", "tenant_id", "workspace_id", "user_id", "created_at", "lease_token"})
THREAD_CHANGING = tuple(name for name in THREAD_COLUMNS if name not in FIXED)
MESSAGE_CHANGING = tuple(name for name in MESSAGE_COLUMNS if name not in FIXED)


def values_of(thing: Thread | Message, columns: Sequence[str]) -> list[Any]:
    """Return what the columns of a thread or message hold."""
    return [getattr(thing, name) for name in columns]


def thread_of(row: Any) -> Thread:
    """Return the thread that a row with all its columns holds; columns of other tables are left out."""
    values = {name: row[name] for name in THREAD_COLUMNS}
    values["channel"] = Channel(values["channel"])
    values["status"] = ThreadStatus(values["status"])
    if values["last_direction"] is not None:
        values["last_direction"] = Direction(values["last_direction"])
    return Thread(**values)


def message_of(row: Any) -> Message:
    """Return the message that a row with all its columns holds; columns of other tables are left out."""
    values = {name: row[name] for name in MESSAGE_COLUMNS}
    values["direction"] = Direction(values["direction"])
    values["status"] = MessageStatus(values["status"])
    if values["threading_mode"] is not None:
        values["threading_mode"] = ThreadingMode(values["threading_mode"])
    return Message(**values)
