"""Accepting requests: each is written once, with its event, in one statement for all calls that gather meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from uuid import UUID

import services.gateway.fail_points  # noqa: F401  registers the names used below
from services.gateway.errors import unavailable
from services.gateway.requests.decide import Change, Deciding, decide
from services.gateway.requests.idempotency import IdempotencyPolicy
from services.gateway.requests.model import RequestKind, StoredResponse
from services.gateway.requests.reads import find_by_key
from services.gateway.requests.store import NewRequest, accept
from services.gateway.requests.store_answers import free_expired_key
from services.gateway.requests.wait import Left, Waiting
from shared.content.parts import Part
from shared.contracts.requests import Caller, Request
from shared.db.grouped_writer import GroupedWriter
from shared.db.pool import Connection, Pool
from shared.messaging.recorder import Recorder
from shared.observability.failpoints import failpoint
from shared.security.vault import MasterKeys

Guard = Callable[[], Awaitable[None]]
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """One call that asks for something; `route` is its method and path template."""

    kind: RequestKind
    caller: Caller
    workspace_id: UUID
    subject_id: UUID
    route: str
    call_id: str
    data: Request
    fingerprint: bytes
    policy: IdempotencyPolicy
    idempotency_key: str | None = None
    content: Callable[[], Part] | None = None
    """Makes what `data` refers to in the content store, once the guard has passed; it is written with the request."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a call: the request it made or repeated, and the answer if there is one yet."""

    request_id: UUID
    subject_id: UUID
    response: StoredResponse | None
    is_replay: bool


class Requests:
    """Takes requests in and gives their answers out, for every dialect."""

    def __init__(
        self,
        pool: Pool,
        recorder: Recorder,
        keys: MasterKeys | None,
        waiting: Waiting,
        recorded: Callable[[], None],
    ) -> None:
        """`recorded` is called after a commit that recorded events."""
        self._pool = pool
        self._recorder = recorder
        self._keys = keys
        self._waiting = waiting
        self._recorded = recorded
        self.writer: GroupedWriter[NewRequest, bool] = GroupedWriter(self._write)

    async def ask(
        self,
        asking: Asking,
        *,
        wait_seconds: float,
        left: Left | None = None,
        guard: Guard | None = None,
    ) -> Asked:
        """Accept a request, or find the one that was made with its Idempotency-Key, and wait for the answer.

        `guard` is run before a new request is accepted and may refuse it; a replay does not pass it again. `left`
        ends the wait when the client is gone.

        Raises:
            ApiError: The Idempotency-Key was used for another request, or is being used where the dialect does not
                wait; or what `guard` raises.
            Retryable: Too much waits already.
            OUTAGE: The database is away.
        """
        with self._waiting.place() if wait_seconds > 0 else nullcontext():
            request_id, subject_id, is_replay = await self._accept_or_find(asking, guard)
            response = await self._waiting.now(request_id) if is_replay else None
            if response is None and wait_seconds > 0:
                response = await self._waiting.answer(request_id, wait_seconds, left)
        return Asked(request_id, subject_id, response, is_replay)

    async def record(self, connection: Connection, askings: Sequence[Asking]) -> None:
        """Accept requests that nobody waits for, in the caller's transaction; they carry no Idempotency-Key."""
        await accept(connection, [self._new(asking) for asking in askings])

    async def decide(self, deciding: Deciding, change: Change) -> tuple[StoredResponse, bool]:
        """Do what the gateway decides by itself; returns the response, and whether it is a repeated one.

        Raises:
            ApiError: As `ask`, or what `change` raises.
            OUTAGE: The database is away.
        """
        done = await decide(self._pool, self._recorder, self._keys, deciding, change)
        self._recorded()
        return done

    async def _accept_or_find(self, asking: Asking, guard: Guard | None) -> tuple[UUID, UUID, bool]:
        is_guarded = guard is None
        for attempt in range(_ATTEMPTS):
            # Most keys are new: only a guarded request looks before it is written.
            if asking.idempotency_key is not None and (attempt or not is_guarded):
                known = await find_by_key(self._pool, asking.caller, asking.route, asking.idempotency_key)
                now = self._recorder.clock.now()
                if known is not None and not known.is_open and known.expires_at <= now:
                    async with self._pool.acquire() as connection:
                        await free_expired_key(connection, known.id, now)
                elif known is not None:
                    asking.policy.check(known, asking.fingerprint)
                    return known.id, known.subject_id, True
            if guard is not None and not is_guarded:
                await guard()
                is_guarded = True
            new = self._new(asking)
            if await self.writer.write(new):
                return new.id, new.subject_id, False
        # The key was freed and taken again by others each time: they are retrying something that keeps failing.
        raise unavailable(1.0)

    def _new(self, asking: Asking) -> NewRequest:
        request_id = self._recorder.ids.new()
        event = self._recorder.event(
            asking.data,
            subject=asking.subject_id,
            tenant_id=asking.caller.tenant_id,
            workspace_id=asking.workspace_id,
            request_id=request_id,
        )
        now = self._recorder.clock.now()
        return NewRequest(
            id=request_id,
            kind=asking.kind,
            caller=asking.caller,
            workspace_id=asking.workspace_id,
            subject_id=asking.subject_id,
            route=asking.route,
            call_id=asking.call_id,
            idempotency_key=asking.idempotency_key,
            fingerprint=asking.fingerprint,
            event=event,
            accepted_at=now,
            expires_at=now + asking.policy.kept,
            content=asking.content() if asking.content else None,
        )

    async def _write(self, requests: Sequence[NewRequest]) -> list[bool]:
        failpoint("gateway.accept.before_commit")
        async with self._pool.acquire() as connection:
            accepted = await accept(connection, requests)
        failpoint("gateway.accept.after_commit")
        self._recorded()
        return [request.id in accepted for request in requests]
