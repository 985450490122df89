"""Further addresses of an account: at the inbox provider each of them is an inbox of its own."""

from __future__ import annotations

from typing import cast

from services.provisioner.commands import Change, Command, Made
from services.provisioner.domain.accounts import Refusal
from services.provisioner.effect_names import alias_key
from services.provisioner.ports import Inboxes, Refused
from shared.contracts.accounts import AccountChanged, AddressAdditionRequested, AddressRemovalRequested
from shared.errors import Retryable

CANONICAL = Refusal("wrong_state", "The account's own address cannot be removed.", {})
NOT_FOUND = Refusal("address_not_found", "The account has no such address.", {})


class AddAddress:
    """The `Kind` of `AddressAdditionRequested`; the address is reserved with the intent."""

    def __init__(self, inboxes: Inboxes, installation: str) -> None:
        self._inboxes = inboxes
        self._installation = installation

    def refuse(self, command: Command) -> None:
        """Nothing that the reservation does not say."""

    def is_in_force(self, command: Command) -> bool:  # noqa: ARG002
        """Never: an address that the account has is taken."""
        return False

    def calls(self, command: Command) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def makes(self, command: Command) -> Made:
        """An inbox at the address."""
        address = self._address(command)
        return Made("inbox", address, alias_key(self._installation, command.account.account_id, address))

    async def do(self, command: Command) -> Change:
        """Make the inbox behind the address; the provider gives a repeated key the same one."""
        made = self.makes(command)
        username, _, domain = made.inbox_id.partition("@")
        try:
            await self._inboxes.create(
                username=username, domain=domain, display_name=command.account.display_name, key=made.name
            )
        except Refused:
            ours = await self.adopt(command)
            if ours is None:
                raise
            return ours
        return self._added(command)

    async def adopt(self, command: Command) -> Change | None:
        """Look whether the inbox is there and ours."""
        made = self.makes(command)
        inbox = await self._inboxes.find(made.inbox_id)
        return self._added(command) if inbox is not None and inbox.key == made.name else None

    def _added(self, command: Command) -> Change:
        address, account = self._address(command), command.account
        is_primary = cast("AddressAdditionRequested", command.request.data).is_primary
        fields = {
            "aliases": (*account.aliases, address),
            "primary_alias": address if is_primary else account.primary_alias,
        }
        return Change(AccountChanged, fields, {"address": address})

    def _address(self, command: Command) -> str:
        return cast("AddressAdditionRequested", command.request.data).address.lower()


class RemoveAddress:
    """The `Kind` of `AddressRemovalRequested`; the address stays burned, as that of any deleted inbox."""

    def __init__(self, inboxes: Inboxes, installation: str) -> None:
        self._inboxes = inboxes
        self._installation = installation

    def refuse(self, command: Command) -> Refusal | None:
        """Refuse the account's own address, and one that it does not have."""
        address, account = self._address(command), command.account
        if address == account.address:
            return CANONICAL
        return None if address in account.aliases else NOT_FOUND

    def is_in_force(self, command: Command) -> bool:  # noqa: ARG002
        """Never: one that is removed already is not found."""
        return False

    def calls(self, command: Command) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def makes(self, command: Command) -> None:
        """Nothing."""

    async def do(self, command: Command) -> Change:
        """Delete the inbox behind the address and make sure that it is gone.

        Raises:
            Retryable: It is still there.
        """
        if await self._is_there(command):
            await self._inboxes.delete(self._address(command))
            if await self._is_there(command):
                raise Retryable("The inbox is still there.", code="still_there")
        return self._removed(command)

    async def adopt(self, command: Command) -> Change | None:
        """Look whether the inbox is gone."""
        return None if await self._is_there(command) else self._removed(command)

    async def _is_there(self, command: Command) -> bool:
        address = self._address(command)
        inbox = await self._inboxes.find(address)
        key = alias_key(self._installation, command.account.account_id, address)
        return inbox is not None and inbox.key == key

    def _removed(self, command: Command) -> Change:
        address, account = self._address(command), command.account
        fields = {
            "aliases": tuple(each for each in account.aliases if each != address),
            "primary_alias": None if account.primary_alias == address else account.primary_alias,
        }
        return Change(AccountChanged, fields, {"address": address})

    def _address(self, command: Command) -> str:
        return cast("AddressRemovalRequested", command.request.data).address.lower()
