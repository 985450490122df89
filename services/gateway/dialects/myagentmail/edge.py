"""MyAgentMail at the edge: keys in either of two headers, errors of a sentence and a code."""

from __future__ import annotations

from fastapi.security import APIKeyHeader, HTTPBearer

from services.gateway.dialects.edge import DialectEdge, json_refusal
from services.gateway.dialects.myagentmail.errors import error_body
from services.gateway.requests.idempotency import JOINING
from services.gateway.security.headers import api_key_or_bearer
from shared.contracts.requests import Dialect

EDGE = DialectEdge(
    dialect=Dialect.MYAGENTMAIL,
    prefix="/v1",
    refuse=json_refusal(error_body),
    presented_key=api_key_or_bearer,
    schemes=(
        APIKeyHeader(
            name="X-API-Key",
            auto_error=False,
            scheme_name="MyAgentMailKey",
            description="A key `tk_…`, `wk_…`, `ak_…` or `sa_…`.",
        ),
        HTTPBearer(
            auto_error=False,
            scheme_name="MyAgentMailBearer",
            description="The same key: `Authorization: Bearer tk_…`",
        ),
    ),
    idempotency=JOINING,
)
