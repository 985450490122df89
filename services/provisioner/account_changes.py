"""What a change of an account comes to: what the providers show is changed there first, so that the row is never ahead."""

from __future__ import annotations

from typing import Any, cast

from services.provisioner.commands import Change, Command
from services.provisioner.domain.accounts import Refusal
from services.provisioner.ports import Inboxes, Senders
from shared.contracts.accounts import AccountChanged, AccountChangeRequested


class ChangeAccount:
    """The `Kind` of `AccountChangeRequested`."""

    def __init__(self, inboxes: Inboxes, senders: Senders) -> None:
        self._inboxes = inboxes
        self._senders = senders

    def refuse(self, command: Command) -> Refusal | None:
        """Refuse a change of another version than the account's, and one that two providers would have to agree on."""
        expected = _asked(command).expected_version
        if expected not in {None, command.version}:
            return Refusal(
                "version_conflict", "The account was changed meanwhile.", {"version": command.version}
            )
        if self._signs(command) and self._renames(command):
            return Refusal("unsupported_change", "Change the signature and the name one after the other.", {})
        return None

    def is_in_force(self, command: Command) -> bool:
        """Return whether the account has every value asked for."""
        return all(getattr(command.account, name) == value for name, value in _fields(command).items())

    def calls(self, command: Command) -> bool:
        """Return whether a provider shows what is to change; it is told even a value the account has.

        An earlier call that was given up on may have landed late: then the provider has another value than we.
        """
        return self._signs(command) or self._renames(command)

    def makes(self, command: Command) -> None:
        """Nothing: what is there gets another value."""

    async def do(self, command: Command) -> Change:
        """Tell the provider that shows it."""
        account, fields = command.account, _fields(command)
        if self._signs(command):
            await self._senders.sign(account.address, fields["signature"])
        if self._renames(command) and account.inbox_id is not None:
            await self._inboxes.rename(account.inbox_id, fields["display_name"])
        return Change(AccountChanged, fields)

    async def adopt(self, command: Command) -> Change | None:
        """Look whether the provider shows the new value."""
        account, fields = command.account, _fields(command)
        if self._signs(command):
            is_there = await self._senders.is_signed(account.address, fields["signature"])
        else:
            is_there = await self._inboxes.is_named(
                account.inbox_id or account.address, fields["display_name"]
            )
        return Change(AccountChanged, fields) if is_there else None

    def _signs(self, command: Command) -> bool:
        return "signature" in _asked(command).changed and command.account.sender_id is not None

    def _renames(self, command: Command) -> bool:
        return "display_name" in _asked(command).changed and command.account.inbox_id is not None


def _asked(command: Command) -> AccountChangeRequested:
    return cast("AccountChangeRequested", command.request.data)


def _fields(command: Command) -> dict[str, Any]:
    asked = _asked(command)
    return {name: getattr(asked.changes, name) for name in asked.changed}
