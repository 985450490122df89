"""The ASGI application: health, control and the three providers on one port, with DNS beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from services.simulator.agentmail import PROVIDER as AGENTMAIL
from services.simulator.agentmail.delivery import Deliveries
from services.simulator.cloudflare import PROVIDER as CLOUDFLARE
from services.simulator.control import CONTROL, Control
from services.simulator.dns_server import DnsServer
from services.simulator.faults import Faults
from services.simulator.instantly import PROVIDER as INSTANTLY
from services.simulator.pipeline import Pipeline
from services.simulator.provider import Handler, Provider
from services.simulator.router import Route, Router
from services.simulator.settle import resume_all, settle_all
from services.simulator.wire import (
    Answer,
    Call,
    Receive,
    Scope,
    Send,
    answer_with,
    headers_of,
    json_answer,
    query_of,
    read_body,
)
from services.simulator.world import World

PROVIDERS = (AGENTMAIL, INSTANTLY, CLOUDFLARE)


class Simulator:
    """The providers as one ASGI app."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world, self._deliveries = world, deliveries
        faults = Faults(world.store)
        self._pipeline = Pipeline(world, faults, self.settle)
        self._dns = DnsServer(world, faults)
        self._control = Control(world, faults, self.settle, self._pipeline.forget, lambda: self._dns.address)
        self._routes: list[tuple[Provider, Router[Handler]]] = [
            (provider, Router(provider.routes, provider.prefix)) for provider in PROVIDERS
        ]
        self._control_routes: Router[Callable[[Control, Call], Answer]] = Router(CONTROL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                resume_all(self._world)
                self._deliveries.resume()
                self.settle()
                await self._listen_for_questions()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._dns.close()
                await self._deliveries.close()
                self._world.store.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _listen_for_questions(self) -> None:
        settings = self._world.settings
        if settings.simulator_dns_port is not None:
            await self._dns.start(settings.simulator_dns_host, settings.simulator_dns_port)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        method: str = scope["method"]
        raw = await read_body(receive)
        for provider, routes in self._routes:
            if not path.startswith(provider.prefix):
                continue
            found = routes.match(method, path)
            call = _call(provider.name, found, scope, path, raw)
            if found is None:
                await self._pipeline.refuse(provider, call, send)
            else:
                await self._pipeline.run(provider, found[0].handler, call, receive, send)
            return
        await answer_with(send, self._own(method, path, scope, raw))

    def _own(self, method: str, path: str, scope: Scope, raw: bytes) -> Answer:
        found = self._control_routes.match(method, path)
        if found is None:
            return json_answer(404, {"error": f"the simulator has no {method} {path}"})
        return self._control.run(found[0].handler, _call("simulator", found, scope, path, raw))

    def settle(self) -> None:
        """Let everything that is due happen now, and wake up for what is due later."""
        settle_all(self._world)
        self._deliveries.start_new()
        wakeups, self._world.wakeups = self._world.wakeups, []
        for seconds in wakeups:
            asyncio.get_running_loop().call_later(seconds, self.settle)


def _call(
    provider: str, found: tuple[Route[Any], dict[str, str]] | None, scope: Scope, path: str, raw: bytes
) -> Call:
    return Call(
        provider=provider,
        operation=found[0].operation if found else "unknown",
        method=scope["method"],
        path=path,
        params=found[1] if found else {},
        query=query_of(scope),
        headers=headers_of(scope),
        raw=raw,
    )
