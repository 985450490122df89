"""What the core asks of a dialect about a call, before and after its route: how it names, refuses and repeats calls."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from services.gateway.dialects.wire import JSON
from services.gateway.errors import ApiError
from services.gateway.requests.idempotency import IdempotencyPolicy
from shared.clock import Ids
from shared.contracts.requests import Dialect

_CALL_ID = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class DialectEdge:
    """One public API as the middleware and the key check see it.

    `prefix` is what all its paths begin with. `refuse` words an error for a call of this id. `presented_key` finds the
    key in the headers or raises 401; `schemes`, at most two, say the same to the OpenAPI document. A client's own X-Request-Id is
    kept if it begins with `call_id_prefix`, which every id made here begins with. `shows_rate` puts the limit and what
    is left of it on every response.
    """

    dialect: Dialect
    prefix: str
    refuse: Callable[[ApiError, str], Response]
    presented_key: Callable[[Headers], str]
    schemes: tuple[Callable[..., Any], ...]
    idempotency: IdempotencyPolicy
    call_id_prefix: str = ""
    shows_rate: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    """What every response carries besides."""

    def owns(self, path: str) -> bool:
        """Whether calls of this path speak this dialect."""
        return path == self.prefix or path.startswith(self.prefix + "/")

    def call_id(self, given: str | None, ids: Ids) -> str:
        """Return what this call is named: as its client named it if that fits, else by us."""
        if given is not None and _CALL_ID.fullmatch(given) and given.startswith(self.call_id_prefix):
            return given
        made = ids.new()
        return f"{self.call_id_prefix}{made.hex}" if self.call_id_prefix else str(made)


def json_refusal(
    error_body: Callable[[ApiError, str], bytes],
) -> Callable[[ApiError, str], Response]:
    """Return the `refuse` of a dialect that keeps the status and the headers of every error."""

    def refuse(error: ApiError, call_id: str) -> Response:
        return Response(error_body(error, call_id), error.status, {**error.headers, "Content-Type": JSON})

    return refuse
