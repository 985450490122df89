"""What the parts of the provisioner are built from, and what each of them gives the service to run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.provisioner.settings import ProvisionerSettings
from shared.contracts.envelope import Event
from shared.db.pool import Pool
from shared.http.provider import Provider
from shared.messaging.batch import Handler
from shared.messaging.recorder import Recorder
from shared.security.vault import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """What every part may use; `announce` is called after a commit that recorded events."""

    settings: ProvisionerSettings
    pool: Pool
    recorder: Recorder
    vault: Vault
    agentmail: Provider
    instantly: Provider
    cloudflare: Provider
    announce: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One half of the service, accounts or domains: its event handlers, its tasks by name, and how to wake them.

    `wake` is called after every consumed batch, because its handlers may have made work due.
    """

    handlers: Mapping[type[Event], Handler]
    tasks: Mapping[str, Callable[[], Awaitable[None]]]
    wake: Callable[[], None]
