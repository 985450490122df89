"""Who asks: the part every request shares."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.contracts.envelope import Event, Kind, Model


class Dialect(StrEnum):
    """The public API a request came through; an account is visible only in its own."""

    PUFFLE = "puffle"
    MYAGENTMAIL = "myagentmail"
    SENDMUX = "sendmux"


class Caller(Model):
    """The scope of the key that asked; `workspace_id` is None for a key that sees its whole tenant."""

    tenant_id: UUID
    workspace_id: UUID | None
    user_id: UUID
    key_id: str
    dialect: Dialect


class Request(Event):
    """Something a client asked; the record's request id names it, and exactly one answer follows."""

    KIND: ClassVar[Kind] = Kind.REQUEST

    caller: Caller
