"""What every service answers besides its own API: liveness, readiness, metrics.

Alive means that the event loop turns and no task of ours has died. Ready means that the service can do its work: its
database answers with the schema this code expects. The broker is in neither: a broker that is away must not take the API
down with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.db.pool import OUTAGE, Pool
from shared.observability.logging import get_logger

log = get_logger(__name__)

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else one sentence that says what is not."""


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
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def dead(self) -> list[str]:
        """Return the names of tasks that ended on their own."""
        return [name for name, task in self._tasks.items() if task.done()]


async def _named(name: str, run: Callable[[], Awaitable[None]]) -> None:
    try:
        await run()
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("task_died", task=name)
        raise


def health_routes(tasks: Tasks, checks: Mapping[str, Check]) -> list[Route]:
    """Return `/health/live`, `/health/ready` and `/metrics`."""

    async def live(_: Request) -> Response:
        dead = tasks.dead()
        return JSONResponse({"alive": not dead, "dead_tasks": dead}, 503 if dead else 200)

    async def ready(_: Request) -> Response:
        troubles = {name: trouble for name, check in checks.items() if (trouble := await check()) is not None}
        return JSONResponse({"ready": not troubles, "troubles": troubles}, 503 if troubles else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", metrics),
    ]


def database_check(pool: Pool, service: str, expected_revision: str) -> Check:
    """Return a check that the database answers and stands at the schema revision this code was built for."""

    async def check() -> str | None:
        try:
            async with asyncio.timeout(2.0):
                found = await pool.fetchval("select version_num from alembic_version")
        except OUTAGE:
            return "The database does not answer."
        except Exception as error:  # noqa: BLE001  whatever is wrong with the schema, the answer is "not ready"
            return f"The schema of {service} cannot be read ({type(error).__name__}); run the migrations."
        if found != expected_revision:
            return f"The schema of {service} is at {found}, this code expects {expected_revision}."
        return None

    return check
