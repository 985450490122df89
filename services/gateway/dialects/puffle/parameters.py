"""What every Puffle route starts from: a caller with the scope it needs, and the id in its path."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from services.gateway.calls import Call, allowed
from services.gateway.dialects.puffle.docs import id_parameter
from services.gateway.dialects.puffle.schemas import is_id
from services.gateway.errors import invalid
from shared.contracts.requests import Dialect

AccountReader = Annotated[Call, Depends(allowed("accounts:read", Dialect.PUFFLE))]
AccountWriter = Annotated[Call, Depends(allowed("accounts:write", Dialect.PUFFLE))]
DomainReader = Annotated[Call, Depends(allowed("domains:read", Dialect.PUFFLE))]
DomainWriter = Annotated[Call, Depends(allowed("domains:write", Dialect.PUFFLE))]
ThreadReader = Annotated[Call, Depends(allowed("threads:read", Dialect.PUFFLE))]
ThreadWriter = Annotated[Call, Depends(allowed("threads:write", Dialect.PUFFLE))]
ThreadSender = Annotated[Call, Depends(allowed("threads:send", Dialect.PUFFLE))]


async def path_id(id: Annotated[str, Path(json_schema_extra=id_parameter())]) -> UUID:  # noqa: A002  the name in the path
    """Return the id in a path (S1-4, A11).

    Raises:
        ApiError: It is not written as an id (400).
    """
    if not is_id(id):
        raise invalid("The id in the path must be a UUID.")
    return UUID(id)


Id = Annotated[UUID, Depends(path_id)]
"""Declared after the caller, so that nobody without a key learns what an id looks like."""


def a_number(call: Call, name: str, *, usual: int, most: int) -> int:
    """Return a parameter that is a number from 1 on.

    Raises:
        ApiError: It is something else, or too large (400).
    """
    text = call.http.query_params.get(name)
    if text is None:
        return usual
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) else 0
    if not 1 <= number <= most:
        raise invalid(f"The parameter {name} must be a number from 1 to {most}.")
    return number


def an_id(call: Call, name: str) -> UUID | None:
    """Return a parameter that is an id, None if it is not given.

    Raises:
        ApiError: It is not written as an id (400).
    """
    text = call.http.query_params.get(name)
    if text is None:
        return None
    if not is_id(text):
        raise invalid(f"The parameter {name} must be a UUID.")
    return UUID(text)


def flag(name: str, value: str) -> bool:
    """Return a parameter that is `true` or `false`.

    Raises:
        ApiError: It is something else (400).
    """
    if value not in {"true", "false"}:
        raise invalid(f"The parameter {name} must be true or false.")
    return value == "true"
