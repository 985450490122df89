"""What every handler of due warmups works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.warmup.domain.policies import Policy
from services.warmup.domain.schedule import Schedule
from services.warmup.ports import WarmupDesk, WarmupProvider
from shared.db.leases import KeptLeases
from shared.messaging.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Tools:
    """The store, the leases of what was claimed, the provider, and what makes events and due times.

    `announce` is called after each commit.
    """

    desk: WarmupDesk
    leases: KeptLeases
    provider: WarmupProvider
    recorder: Recorder
    schedule: Schedule
    policy: Policy
    announce: Callable[[], None]
