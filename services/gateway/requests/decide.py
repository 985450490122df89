"""Requests that the gateway decides by itself: the change and its stored response are one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from services.gateway.errors import unavailable
from services.gateway.requests.idempotency import IdempotencyPolicy
from services.gateway.requests.model import OpenRequest, RequestKind, StoredResponse
from services.gateway.requests.reads import answers_of, find_by_key
from services.gateway.requests.store import open_local
from services.gateway.requests.store_answers import close_requests, free_expired_key
from shared.contracts.requests import Caller
from shared.db.pool import Connection, Pool
from shared.messaging.recorder import Recorder
from shared.security.vault import MasterKeys

Change = Callable[[Connection], Awaitable[StoredResponse]]
"""Writes what was asked and returns the response; raises ApiError to refuse, and then nothing is written."""

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Deciding:
    """One call about what the gateway owns; `route` is its method and path template."""

    caller: Caller
    workspace_id: UUID
    subject_id: UUID
    route: str
    call_id: str
    fingerprint: bytes
    policy: IdempotencyPolicy
    idempotency_key: str | None = None


async def decide(
    pool: Pool, recorder: Recorder, keys: MasterKeys | None, deciding: Deciding, change: Change
) -> tuple[StoredResponse, bool]:
    """Make the change, or find the response of the call that made it with this key; the latter is told by True.

    A call with a key that another one is using at this moment waits for that one's commit, whatever the dialect.

    Raises:
        ApiError: The key was used for another call, or what `change` raises.
    """
    for _ in range(_ATTEMPTS):
        async with pool.acquire() as connection, connection.transaction():
            made = await _change_once(connection, recorder, keys, deciding, change)
        if made is not None:
            return made, False
        known = await find_by_key(pool, deciding.caller, deciding.route, deciding.idempotency_key or "")
        if known is None:
            continue
        now = recorder.clock.now()
        if not known.is_open and known.expires_at <= now:
            async with pool.acquire() as connection:
                await free_expired_key(connection, known.id, now)
            continue
        deciding.policy.check(known, deciding.fingerprint)
        stored = (await answers_of(pool, [known.id], keys)).get(known.id)
        if stored is not None:
            return stored, True
    raise unavailable(1.0)


async def _change_once(
    connection: Connection, recorder: Recorder, keys: MasterKeys | None, deciding: Deciding, change: Change
) -> StoredResponse | None:
    if deciding.idempotency_key is None:
        return await change(connection)
    now = recorder.clock.now()
    request = OpenRequest(
        recorder.ids.new(),
        RequestKind.LOCAL,
        deciding.caller.dialect,
        deciding.caller.tenant_id,
        deciding.workspace_id,
        deciding.subject_id,
        now,
        deciding.call_id,
    )
    is_new = await open_local(
        connection,
        request,
        deciding.caller,
        route=deciding.route,
        idempotency_key=deciding.idempotency_key,
        fingerprint=deciding.fingerprint,
        expires_at=now + deciding.policy.kept,
    )
    if not is_new:
        return None
    response = await change(connection)
    await close_requests(connection, [(request, response)], at=now, keys=keys)
    return response
