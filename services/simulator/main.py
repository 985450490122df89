"""Builds the simulator's ASGI app; run it directly under uvicorn: `uvicorn --factory services.simulator.main:create_app`."""

from __future__ import annotations

import httpx

from services.simulator.agentmail import domains
from services.simulator.agentmail.delivery import Deliveries
from services.simulator.app import Simulator
from services.simulator.settings import SimulatorSettings
from services.simulator.store import Store
from services.simulator.world import World
from shared.clock import Clock, Ids, RandomIds, SystemClock
from shared.http.client import build_client
from shared.observability.logging import configure_logging

_WEBHOOK_SECONDS = 15.0


def create_app() -> Simulator:
    """Return the app with settings from the environment."""
    settings = SimulatorSettings()
    configure_logging("simulator", settings.log_level)
    return build(settings)


def build(settings: SimulatorSettings, clock: Clock | None = None, ids: Ids | None = None) -> Simulator:
    """Return the app over the state in the data folder; tests may bring their own clock and ids."""
    world = World(Store(settings.simulator_data), settings, clock or SystemClock(), ids or RandomIds())
    domains.seed(world)
    poster = WebhookPoster()
    return Simulator(world, Deliveries(world, poster.post, poster.close))


class WebhookPoster:
    """Posts webhook bodies; its client is built on first use, inside the running loop."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int | None:
        """Post a body and return the status, or None when no answer came."""
        if self._client is None:
            self._client = build_client("", read_seconds=_WEBHOOK_SECONDS)
        try:
            response = await self._client.post(url, content=body, headers=headers)
        except httpx.HTTPError:
            return None
        return response.status_code

    async def close(self) -> None:
        """Close the client if one was ever needed."""
        if self._client is not None:
            await self._client.aclose()
