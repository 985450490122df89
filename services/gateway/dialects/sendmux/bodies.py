"""Reading a Sendmux body: as everywhere, and never with an Idempotency-Key in it."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.requests import Request

from services.gateway.bodies import LIMIT, read_json, read_nothing, shaped
from services.gateway.dialects.sendmux.errors import semantic
from services.gateway.errors import ApiError

Shape = TypeVar("Shape", bound=BaseModel)

_IDEMPOTENCY_KEY = frozenset({"idempotencykey", "idempotency_key", "idempotency-key"})


async def read_fields(request: Request, shape: type[Shape], *, limit: int = LIMIT) -> tuple[Shape, Any]:
    """Return the body as its model, and as it was sent.

    Raises:
        ApiError: It is not JSON (415, 400), too large (413), does not fit (400), or holds an Idempotency-Key (422).
    """
    body = await read_json(request, limit=limit)
    _refuse_key(body if isinstance(body, dict) else ())
    return shaped(shape, body), body


async def read_no_fields(request: Request) -> None:
    """Read the body of a call that needs none.

    Raises:
        ApiError: There is something in it (400), or an Idempotency-Key (422).
    """
    try:
        await read_nothing(request)
    except ApiError as error:
        _refuse_key(field.name for field in error.fields)
        raise


def _refuse_key(names: Any) -> None:
    for name in names:
        if name.lower() in _IDEMPOTENCY_KEY:
            raise semantic(name, "The Idempotency-Key must be sent as a header.")
