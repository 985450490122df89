"""What happens by itself at the providers: warmup jobs end and domain checks come to a verdict."""

from __future__ import annotations

from services.simulator.agentmail import domains
from services.simulator.instantly import jobs
from services.simulator.world import World


def settle_all(world: World) -> None:
    """Apply what is due, in one transaction; ask to be woken for the rest."""
    with world.store.transaction():
        jobs.settle(world)
        domains.settle(world)


def resume_all(world: World) -> None:
    """Ask to be woken for everything that a restart interrupted."""
    jobs.resume(world)
    domains.resume(world)
