"""A call that has been let in: who makes it, what it may ask for, and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.dialects.registry import EDGES
from services.gateway.errors import forbidden, forbidden_workspace, not_found
from services.gateway.parts import Edge
from services.gateway.requests.accept import Asked, Asking, Guard
from services.gateway.requests.decide import Change, Deciding
from services.gateway.requests.idempotency import fingerprint, idempotency_key
from services.gateway.requests.model import RequestKind
from services.gateway.requests.prefer import Patience, patience
from services.gateway.security.authenticate import Identity
from services.gateway.security.keys import KeyKind
from services.gateway.tenancy.workspaces import has_workspace
from shared.content.parts import Part
from shared.contracts.requests import Caller, Dialect
from shared.contracts.requests import Request as RequestData
from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated call with the scope its route asks for; `id` is its X-Request-Id."""

    edge: Edge
    http: Request
    identity: Identity
    id: str

    @property
    def caller(self) -> Caller:
        """Who asks, as requests carry it."""
        return self.identity.caller

    @property
    def kind(self) -> KeyKind:
        """The kind of the call's key."""
        return self.identity.kind

    @property
    def account_id(self) -> UUID | None:
        """The only account this call may be about, None if its key is not bound to one."""
        return self.identity.account_id

    @property
    def workspace_id(self) -> UUID:
        """The workspace that what this call makes belongs to, when it names none.

        Raises:
            ApiError: The key belongs to no tenant (403).
        """
        workspace_id = self.caller.workspace_id or self.identity.default_workspace_id
        if workspace_id is None:
            raise forbidden("of a workspace")
        return workspace_id

    async def workspace_or_default(self, asked: UUID | None) -> UUID:
        """Return the workspace that a call which may name one is about (A36, A39).

        Raises:
            ApiError: The key is bound to another workspace (403), or the tenant has none of this id (404).
        """
        if asked is None or asked == self.caller.workspace_id:
            return self.workspace_id
        if self.caller.workspace_id is not None:
            raise forbidden_workspace()
        async with self.edge.reader.bound(self.caller) as connection:
            if not await has_workspace(connection, self.caller.tenant_id, asked):
                raise not_found("workspace")
        return asked

    def patience(self) -> Patience:
        """Return how long this call waits for its answer."""
        return patience(
            self.http.headers.getlist("prefer"),
            default=self.edge.wait_seconds,
            longest=self.edge.longest_wait_seconds,
        )

    async def ask(
        self,
        kind: RequestKind,
        subject_id: UUID,
        data: RequestData,
        *,
        body: Any = None,
        guard: Guard | None = None,
        workspace_id: UUID | None = None,
        content: Callable[[], Part] | None = None,
    ) -> Asked:
        """Ask the owner for something and wait for the answer, as long as this call has patience.

        `workspace_id` is that of what the request is about, where the key does not say it. `content` makes what
        `data` refers to in the content store, after the guard; it is kept in the transaction that accepts the request.

        Raises:
            ApiError: The Idempotency-Key is malformed (400) or used for another request (as the dialect has it), or
                from `guard`.
        """
        asking = Asking(
            kind=kind,
            caller=self.caller,
            workspace_id=workspace_id or self.workspace_id,
            subject_id=subject_id,
            route=self._route,
            call_id=self.id,
            data=data,
            fingerprint=self._fingerprint(body),
            policy=EDGES[self.caller.dialect].idempotency,
            idempotency_key=self._idempotency_key,
            content=content,
        )
        return await self.edge.requests.ask(
            asking, wait_seconds=self.patience().seconds, left=partial(_disconnected, self.http), guard=guard
        )

    async def ask_of_many(
        self,
        connection: Connection,
        kind: RequestKind,
        subject_ids: Iterable[UUID],
        data: RequestData,
        workspace_id: UUID,
    ) -> None:
        """Ask the owner for the same thing about many, in the transaction of a change; nobody waits for the answers."""
        askings = [
            Asking(
                kind=kind,
                caller=self.caller,
                workspace_id=workspace_id,
                subject_id=subject_id,
                route=self._route,
                call_id=self.id,
                data=data,
                fingerprint=b"",
                policy=EDGES[self.caller.dialect].idempotency,
            )
            for subject_id in subject_ids
        ]
        await self.edge.requests.record(connection, askings)

    async def decide(self, change: Change, *, body: Any = None, subject_id: UUID | None = None) -> Response:
        """Do what the gateway decides by itself, once per Idempotency-Key, and return the response.

        `change` writes on the connection it gets and returns the response to send; its writes, what it records and,
        with a key, the stored response are one transaction.

        Raises:
            ApiError: As `ask`, or from `change`, which then changes nothing.
        """
        deciding = Deciding(
            caller=self.caller,
            workspace_id=self.caller.workspace_id
            or self.identity.default_workspace_id
            or self.caller.tenant_id,
            subject_id=subject_id or self.edge.ids.new(),
            route=self._route,
            call_id=self.id,
            fingerprint=self._fingerprint(body),
            policy=EDGES[self.caller.dialect].idempotency,
            idempotency_key=self._idempotency_key,
        )
        stored, is_replay = await self.edge.requests.decide(deciding, change)
        response = Response(stored.body, stored.status, stored.headers)
        if is_replay:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    async def respond(self, asked: Asked, *, otherwise: Callable[[], Awaitable[Response]]) -> Response:
        """Return the stored answer as it is, or `otherwise` when there is none yet; says which wait was applied."""
        applied = self.patience().applied
        if asked.response is None:
            response = await otherwise()
        else:
            response = Response(asked.response.body, asked.response.status, asked.response.headers)
            applied = None if applied == "respond-async" else applied
        response.headers["Vary"] = "Prefer"
        if applied:
            response.headers["Preference-Applied"] = applied
        if asked.is_replay:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    @property
    def _route(self) -> str:
        return f"{self.http.method} {self.http.scope['route'].path}"

    @property
    def _idempotency_key(self) -> str | None:
        return idempotency_key(self.http.headers.getlist("idempotency-key"))

    def _fingerprint(self, body: Any) -> bytes:
        http = self.http
        return fingerprint(http.method, http.url.path, http.query_params.multi_items(), body)


def allowed(scope: str | None, dialect: Dialect) -> Callable[..., Awaitable[Call]]:
    """Return the dependency that lets a call in if its key is of this dialect, has this scope, and is not too fast.

    Without a scope every key of the dialect is let in.
    """
    dialect_edge = EDGES[dialect]
    # The schemes are parameters only so that the OpenAPI document names them.
    schemes: list[Any] = [Depends(scheme) for scheme in (*dialect_edge.schemes, _no_scheme)]

    async def let_in(request: Request, _: Any = schemes[0], __: Any = schemes[1]) -> Call:
        edge = cast("Edge", request.app.state.edge)
        presented = dialect_edge.presented_key(request.headers)
        await edge.database.require()
        identity = await edge.authenticator.identify(presented, dialect)
        if identity.rate is not None:
            request.state.rate = identity.rate
            identity.rate.require(edge.clock.now())
        if scope is not None:
            identity.require(scope)
        return Call(edge, request, identity, request.state.call_id)

    return let_in


async def _no_scheme() -> None:
    return None


async def _disconnected(http: Request) -> None:
    """Return when the client has gone; the body has been read by now, so nothing else can arrive."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
