"""What every MyAgentMail route starts from: a caller with the scope it needs, and what its path and query name."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from services.gateway.calls import Call, allowed
from services.gateway.dialects.myagentmail.schemas import parse_uuid
from services.gateway.errors import ApiError, invalid, not_found
from shared.contracts.requests import Dialect

_MASTER_ONLY = "A key of a single inbox may read that inbox and nothing else."


async def _master_reader(
    call: Annotated[Call, Depends(allowed("inboxes:read", Dialect.MYAGENTMAIL))],
) -> Call:
    if call.account_id is not None:
        raise ApiError(403, "forbidden", _MASTER_ONLY)
    return call


InboxReader = Annotated[Call, Depends(allowed("inboxes:read", Dialect.MYAGENTMAIL))]
InboxLister = Annotated[Call, Depends(_master_reader)]
InboxWriter = Annotated[Call, Depends(allowed("inboxes:write", Dialect.MYAGENTMAIL))]
DomainReader = Annotated[Call, Depends(allowed("domains:read", Dialect.MYAGENTMAIL))]
DomainWriter = Annotated[Call, Depends(allowed("domains:write", Dialect.MYAGENTMAIL))]
WorkspaceReader = Annotated[Call, Depends(allowed("workspaces:read", Dialect.MYAGENTMAIL))]
WorkspaceWriter = Annotated[Call, Depends(allowed("workspaces:write", Dialect.MYAGENTMAIL))]
Operator = Annotated[Call, Depends(allowed("tenants:write", Dialect.MYAGENTMAIL))]
Anyone = Annotated[Call, Depends(allowed(None, Dialect.MYAGENTMAIL))]


async def path_id(id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:  # noqa: A002  the name in the path
    """Return the id in a path.

    Raises:
        ApiError: It is not written as an id, so nothing has it (404).
    """
    found = parse_uuid(id)
    if found is None:
        raise not_found("id")
    return found


Id = Annotated[UUID, Depends(path_id)]
"""Declared after the caller, so that nobody without a key learns what an id looks like."""


def flag(name: str, value: str) -> bool:
    """Return a parameter that is `true` or `false`, in capitals too, as some clients write them (S2-13).

    Raises:
        ApiError: It is something else (400).
    """
    if value.lower() not in {"true", "false"}:
        raise invalid(f"The parameter {name} must be true or false.", parameter=name)
    return value.lower() == "true"


async def workspace_asked(call: Call, text: str | None) -> UUID | None:
    """Return the workspace that a list is limited to, None for all that the key sees.

    Raises:
        ApiError: It is no UUID (400), none of the tenant's (404), or another than the key's (403).
    """
    if text is None:
        return None
    found = parse_uuid(text)
    if found is None:
        raise invalid("The parameter workspace must be a UUID.", parameter="workspace")
    return await call.workspace_or_default(found)
