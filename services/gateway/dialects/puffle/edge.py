"""Puffle at the edge: Bearer keys, errors with the call's id, repetitions that wait for the first answer."""

from __future__ import annotations

from fastapi.security import HTTPBearer

from services.gateway.dialects.edge import DialectEdge, json_refusal
from services.gateway.dialects.puffle.errors import error_body
from services.gateway.requests.idempotency import JOINING
from services.gateway.security.headers import bearer
from shared.contracts.requests import Dialect

EDGE = DialectEdge(
    dialect=Dialect.PUFFLE,
    prefix="/api",
    refuse=json_refusal(error_body),
    presented_key=bearer,
    schemes=(
        HTTPBearer(
            auto_error=False,
            scheme_name="ApiKey",
            description="An API key: `Authorization: Bearer pk_live_…`",
        ),
    ),
    idempotency=JOINING,
)
