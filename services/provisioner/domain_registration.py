"""A name at the inbox provider: registered once for all claims to it, and forgotten with the last of them."""

from __future__ import annotations

import services.provisioner.fail_points_domains  # noqa: F401  registers them
from services.provisioner.domain.domains import ProviderView
from services.provisioner.domain_work import Lease, NameWork
from services.provisioner.ports_domains import DomainProvider, NameStore, Vanished
from shared.clock import Clock
from shared.errors import Retryable
from shared.observability.failpoints import failpoint


class Registrar:
    """Keeps the provider's object of a name, under the name's lease."""

    def __init__(self, store: NameStore, provider: DomainProvider, clock: Clock) -> None:
        self._store = store
        self._provider = provider
        self._clock = clock

    async def register(self, lease: Lease, work: NameWork) -> ProviderView:
        """Return the name as the provider has it, after registering it if need be.

        An intent without outcome is looked up first: the call may have been made, and may even land late.
        """
        if work.is_registered:
            return await self.find(lease)
        if work.has_intent and (view := await self._provider.find(work.domain)) is not None:
            await self._store.record_registration(lease, view.id)
            return view
        await self._store.intend_registration(lease)
        failpoint("provisioner.domain_register.after_intent")
        failpoint("provisioner.domain_register.before_call")
        view = await self._provider.create(work.domain)
        failpoint("provisioner.domain_register.after_call")
        await self._store.record_registration(lease, view.id)
        failpoint("provisioner.domain_register.after_outcome")
        return view

    async def find(self, lease: Lease) -> ProviderView:
        """Return the registered name as it stands.

        Raises:
            Retryable: The provider lost it.
        """
        view = await self._provider.find(lease.domain)
        if view is None:
            await self._store.forget_registration(lease)
            raise Retryable("The provider lost the domain; it is registered again.", code="domain_vanished")
        return view

    async def ask(self, lease: Lease) -> ProviderView:
        """Have the provider check the name, and return it as it stands then.

        Raises:
            Refused: The provider does not check it.
        """
        await self._store.intend_check(lease, self._clock.now())
        failpoint("provisioner.domain_verify.after_intent")
        failpoint("provisioner.domain_verify.before_call")
        try:
            await self._provider.verify(lease.domain)
        except Vanished:
            return await self.find(lease)
        failpoint("provisioner.domain_verify.after_call")
        return await self.find(lease)

    async def unregister_late(self, lease: Lease) -> None:
        """Have the provider forget the name if it was registered after all."""
        if await self._provider.find(lease.domain) is not None:
            await self.unregister(lease)

    async def unregister(self, lease: Lease) -> None:
        """Have the provider forget the name, and see that it has.

        Raises:
            Retryable: It has not yet.
        """
        failpoint("provisioner.domain_unregister.before_call")
        await self._provider.delete(lease.domain)
        failpoint("provisioner.domain_unregister.after_call")
        if await self._provider.find(lease.domain) is not None:
            raise Retryable("The provider is still deleting the domain.", code="provider_busy")
