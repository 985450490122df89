"""Builds the simulator's ASGI app; run it directly under uvicorn: `uvicorn --factory services.simulator.main:create_app`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.simulator.agentmail import domains
from services.simulator.agentmail.delivery import Deliveries
from services.simulator.app import Simulator
from services.simulator.settings import SimulatorSettings
from services.simulator.store import Store
from services.simulator.world import World
from shared.clock import Clock, Ids, RandomIds, SystemClock
from shared.observability.logging import configure_logging

if TYPE_CHECKING:
    from services.simulator.posting import WebhookPoster


def create_app() -> Simulator:
    """Return the app with settings from the environment."""
    settings = SimulatorSettings()
    configure_logging("simulator", settings.log_level)
    return build(settings)


def build(settings: SimulatorSettings, clock: Clock | None = None, ids: Ids | None = None) -> Simulator:
    """Return the app over the state in the data folder; tests may bring their own clock and ids."""
    world = World(Store(settings.simulator_data), settings, clock or SystemClock(), ids or RandomIds())
    domains.seed(world)
    posting = _LazyPosting()
    return Simulator(world, Deliveries(world, posting.post, posting.close))


class _LazyPosting:
    """Loads the HTTP client with the first webhook: it is half of the time that a start would take."""

    def __init__(self) -> None:
        self._poster: WebhookPoster | None = None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int | None:
        from services.simulator.posting import WebhookPoster  # noqa: PLC0415  see the class

        self._poster = self._poster or WebhookPoster()
        return await self._poster.post(url, body, headers)

    async def close(self) -> None:
        if self._poster is not None:
            await self._poster.close()
