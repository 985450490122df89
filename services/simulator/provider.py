"""What makes a provider a provider to the pipeline: its routes, how it authenticates, and its own error bodies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.simulator.router import Route
from services.simulator.wire import Answer, Call
from services.simulator.world import World

Handler = Callable[[World, Call], Answer]
ProviderRoute = Route[Handler]


@dataclass(frozen=True, slots=True)
class Provider:
    """One simulated vendor; `error` gives its body for a status, `authenticate` raises Refusal."""

    name: str
    prefix: str
    routes: Sequence[ProviderRoute]
    authenticate: Callable[[World, Call], None]
    error: Callable[[int], Answer]
    accepts: Callable[[Call], None]
    subjects: Callable[[Call], list[str]]
    delay: Callable[[Call], float]
