"""The composition root: builds what the parts of the service share, and the service around them."""

from __future__ import annotations

from starlette.applications import Starlette

from services.threads import files, inbound, sending, threads
from services.threads.context import Context
from services.threads.settings import ThreadsSettings
from services.threads.subscribers import TOPICS
from services.threads.tidying import chores
from shared.clock import Clock, Ids
from shared.content.objects import open_objects
from shared.messaging.parts import Part
from shared.security.vault import MasterKeys, Vault
from shared.service import Base, build_service

SERVICE = "threads"
PARTS = (threads.running, sending.running, inbound.running, files.running)


def build(settings: ThreadsSettings, *, clock: Clock | None = None, ids: Ids | None = None) -> Starlette:
    """Return the service's app; everything it needs is opened when the app starts and closed when it stops.

    Raises:
        VaultError: The master keys are missing or malformed.
        StorageUnavailable: There can be no such object store as the settings name.
    """
    keys = MasterKeys.parse(settings.master_keys.get_secret_value())
    vault, objects = Vault(keys), open_objects(settings, keys)

    async def open_parts(base: Base) -> list[Part]:
        context = Context(
            settings=settings,
            pool=base.pool,
            recorder=base.recorder,
            vault=vault,
            objects=objects,
            agentmail=await base.agentmail(settings),
            announce=base.announce,
        )
        return [await base.stack.enter_async_context(part(context)) for part in PARTS]

    return build_service(SERVICE, settings, TOPICS, open_parts, chores=chores(settings), clock=clock, ids=ids)
