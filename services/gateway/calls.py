"""A call that has been let in, and the parts of the gateway that routes work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.errors import forbidden
from services.gateway.reads import Reader
from services.gateway.requests.accept import Asked, Asking, Guard, Requests
from services.gateway.requests.idempotency import fingerprint, idempotency_key
from services.gateway.requests.model import RequestKind
from services.gateway.requests.prefer import Patience, patience
from services.gateway.security.authenticate import Authenticator, bearer
from services.gateway.store_markers import ReadMarkers
from shared.clock import Ids
from shared.contracts.requests import Caller, Dialect
from shared.contracts.requests import Request as RequestData
from shared.startup import Condition

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="An API key: `Authorization: Bearer pk_live_…`"
)


@dataclass(frozen=True, slots=True)
class Edge:
    """What routes work with; one per process, in `app.state.edge`."""

    authenticator: Authenticator
    requests: Requests
    reader: Reader
    markers: ReadMarkers
    ids: Ids
    database: Condition
    wait_seconds: float
    longest_wait_seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated call with the scope its route asks for; `id` is its X-Request-Id."""

    edge: Edge
    http: Request
    caller: Caller
    id: str

    @property
    def workspace_id(self) -> UUID:
        """The workspace that what this call makes belongs to.

        Raises:
            ApiError: The key is bound to none (403).
        """
        if self.caller.workspace_id is None:
            raise forbidden("of a workspace")
        return self.caller.workspace_id

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
    ) -> Asked:
        """Ask the owner for something and wait for the answer, as long as this call has patience.

        Raises:
            ApiError: The Idempotency-Key is malformed (400) or was used for another request (422), or from `guard`.
        """
        http = self.http
        asking = Asking(
            kind=kind,
            caller=self.caller,
            workspace_id=self.workspace_id,
            subject_id=subject_id,
            route=f"{http.method} {http.scope['route'].path}",
            call_id=self.id,
            data=data,
            fingerprint=fingerprint(http.method, http.url.path, http.query_params.multi_items(), body),
            idempotency_key=idempotency_key(http.headers.getlist("idempotency-key")),
        )
        return await self.edge.requests.ask(
            asking, wait_seconds=self.patience().seconds, left=partial(_disconnected, http), guard=guard
        )

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


def allowed(scope: str, dialect: Dialect) -> Callable[..., Awaitable[Call]]:
    """Return the dependency that lets a call in if its key is of this dialect and has this scope."""

    async def let_in(
        request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Call:
        edge = cast("Edge", request.app.state.edge)
        presented = bearer(request.headers.get("authorization"))
        await edge.database.require()
        identity = await edge.authenticator.identify(presented, dialect)
        identity.require(scope)
        return Call(edge, request, identity.caller, request.state.call_id)

    return let_in


async def _disconnected(http: Request) -> None:
    """Return when the client has gone; the body has been read by now, so nothing else can arrive."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
