"""What every service answers besides its own API: liveness, readiness, metrics.

Alive means that the event loop turns and no task of ours has died. Ready means that the service can do its work: its
database answers with the schema this code needs, and too many dead letters have not halted it. A broker that goes away
changes neither: it must not take the API down with it. At its start a service that does nothing but consume also waits
for the broker and its topics, so that a rollout with the wrong partitions stops; the gateway accepts without them, and
while it is halted, and only notes what is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.observability.logging import get_logger
from shared.startup import Check

log = get_logger(__name__)


class Tasks:
    """The tasks a service runs besides answering requests; one that dies makes the service not alive."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def running(self, **runs: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Run these until the block ends, then cancel them and wait."""
        for name, run in runs.items():
            self._tasks[name] = asyncio.create_task(_named(name, run), name=name)
        try:
            yield
        finally:
            await cancel(self._tasks.values())

    def dead(self) -> list[str]:
        """Return the names of tasks that ended on their own."""
        return [name for name, task in self._tasks.items() if task.done()]


async def cancel(tasks: Iterable[asyncio.Task[None]], *, again_after: float = 4.0) -> None:
    """Cancel tasks until they have ended.

    A library may swallow a cancellation, so those that have not ended are asked again after `again_after` seconds: longer
    than a consumer takes to leave its group, which a second cancellation would cut short.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again_after)


async def _named(name: str, run: Callable[[], Awaitable[None]]) -> None:
    try:
        await run()
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("task_died", task=name)
        raise


def health_routes(
    tasks: Tasks, checks: Mapping[str, Check], notes: Mapping[str, Check] | None = None
) -> list[Route]:
    """Return `/health/live`, `/health/ready` and `/metrics`; what is wrong by `notes` is said, and ready nevertheless."""

    async def live(_: Request) -> Response:
        dead = tasks.dead()
        return JSONResponse({"alive": not dead, "dead_tasks": dead}, 503 if dead else 200)

    async def ready(_: Request) -> Response:
        troubles, noted = await _troubles(checks), await _troubles(notes or {})
        body = {"ready": not troubles, "troubles": troubles, **({"notes": noted} if noted else {})}
        return JSONResponse(body, 503 if troubles else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", metrics),
    ]


async def _troubles(checks: Mapping[str, Check]) -> dict[str, str]:
    return {name: trouble for name, check in checks.items() if (trouble := await check()) is not None}
