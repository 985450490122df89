"""What the parts of the threads service are built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.threads.settings import ThreadsSettings
from shared.content.objects import Objects
from shared.db.pool import Pool
from shared.http.provider import Provider
from shared.messaging.recorder import Recorder
from shared.security.vault import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """What every part may use; `announce` is called after a commit that recorded events."""

    settings: ThreadsSettings
    pool: Pool
    recorder: Recorder
    vault: Vault
    objects: Objects
    agentmail: Provider
    announce: Callable[[], None]
