"""Sendmux at the edge: Bearer keys, envelopes with a request id of its own form, rate limits shown, conflicts refused."""

from __future__ import annotations

from datetime import timedelta

from fastapi.security import HTTPBearer

from services.gateway.dialects.edge import DialectEdge, json_refusal
from services.gateway.dialects.sendmux.errors import error_body
from services.gateway.errors import ApiError
from services.gateway.requests.idempotency import IdempotencyPolicy
from services.gateway.security.headers import bearer
from shared.contracts.requests import Dialect


def _mismatch() -> ApiError:
    return ApiError(409, "idempotency_conflict", "Idempotency-Key was reused with a different request body.")


def _in_flight() -> ApiError:
    return ApiError(409, "idempotency_conflict", "This request is already being processed.")


EDGE = DialectEdge(
    dialect=Dialect.SENDMUX,
    prefix="/api/v1",
    refuse=json_refusal(error_body),
    presented_key=bearer,
    schemes=(
        HTTPBearer(
            auto_error=False,
            scheme_name="SendmuxKey",
            description="A key of the team: `Authorization: Bearer smx_root_…`",
        ),
    ),
    idempotency=IdempotencyPolicy(kept=timedelta(hours=24), mismatch=_mismatch, in_flight=_in_flight),
    call_id_prefix="req_",
    shows_rate=True,
    headers=(("cache-control", "no-store"),),
)
