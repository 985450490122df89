"""The composition root: builds what the parts of the service share, and the service around them."""

from __future__ import annotations

from starlette.applications import Starlette

from services.provisioner import accounts, domains
from services.provisioner.context import Context
from services.provisioner.settings import ProvisionerSettings
from services.provisioner.subscribers import TOPICS
from shared.clock import Clock, Ids
from shared.messaging.parts import Part
from shared.security.vault import MasterKeys, Vault
from shared.service import Base, build_service

SERVICE = "provisioner"
PARTS = (accounts.running, domains.running)


def build(settings: ProvisionerSettings, *, clock: Clock | None = None, ids: Ids | None = None) -> Starlette:
    """Return the service's app; everything it needs is opened when the app starts and closed when it stops.

    Raises:
        VaultError: The master keys are missing or malformed.
    """
    vault = Vault(MasterKeys.parse(settings.master_keys.get_secret_value()))

    async def open_parts(base: Base) -> list[Part]:
        context = Context(
            settings=settings,
            pool=base.pool,
            recorder=base.recorder,
            vault=vault,
            agentmail=await base.agentmail(settings),
            instantly=await base.instantly(settings),
            cloudflare=await base.provider(
                "cloudflare",
                settings.cloudflare_url,
                settings.cloudflare_token,
                settings.cloudflare_requests_per_second,
            ),
            announce=base.announce,
        )
        return [await base.stack.enter_async_context(part(context)) for part in PARTS]

    return build_service(SERVICE, settings, TOPICS, open_parts, clock=clock, ids=ids)
