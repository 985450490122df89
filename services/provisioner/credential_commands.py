"""Further credentials of an inbox: minted with a name that finds them again, and ended."""

from __future__ import annotations

from typing import Any, cast

from services.provisioner.commands import Change, Command, Made
from services.provisioner.domain.accounts import Refusal
from services.provisioner.effect_names import key_name
from services.provisioner.ports import Inboxes
from shared.contracts.accounts import (
    AccountState,
    Credential,
    CredentialsIssued,
    CredentialsRequested,
    CredentialsRevocationRequested,
    CredentialsRevoked,
)
from shared.errors import Retryable

NOT_ACTIVE = Refusal("account_not_active", "A suspended account gets no credentials.", {})
NOT_FOUND = Refusal("credential_not_found", "The account has no such credential.", {})
IN_USE = Refusal("wrong_state", "The account's sender uses this credential.", {})


class IssueCredential:
    """The `Kind` of `CredentialsRequested`."""

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes

    def refuse(self, command: Command) -> Refusal | None:
        """Refuse a suspended account."""
        return NOT_ACTIVE if command.account.suspended else None

    def is_in_force(self, command: Command) -> bool:  # noqa: ARG002
        """Never: every request is for another credential."""
        return False

    def calls(self, command: Command) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def makes(self, command: Command) -> Made:
        """A key of the account's and the credential's name."""
        return Made("key", _inbox_id(command.account), self._name(command))

    async def do(self, command: Command) -> Change:
        """Mint the key (S4-34)."""
        asked = cast("CredentialsRequested", command.request.data)
        key = await self._inboxes.create_key(_inbox_id(command.account), self._name(command))
        credential = Credential(id=asked.credential_id, name=asked.name, created_at=command.request.time)
        return Change(
            CredentialsIssued,
            {"credentials": (*command.account.credentials, credential)},
            {"credential_id": str(credential.id)},
            (credential.id, key.secret),
            key.id,
        )

    async def adopt(self, command: Command) -> None:
        """Revoke what a call of unknown outcome made: its secret was shown to nobody."""
        inbox_id = _inbox_id(command.account)
        for key_id in await self._inboxes.keys_named(inbox_id, self._name(command)):
            await self._inboxes.delete_key(inbox_id, key_id)

    def _name(self, command: Command) -> str:
        asked = cast("CredentialsRequested", command.request.data)
        return key_name(command.account.account_id, asked.credential_id)


class RevokeCredential:
    """The `Kind` of `CredentialsRevocationRequested`."""

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes

    def refuse(self, command: Command) -> Refusal | None:
        """Refuse one that the account never had, and the one that its sender logs in with."""
        account, credential_id = command.account, _asked(command).credential_id
        if credential_id in command.revoked:
            return None
        if credential_id not in {credential.id for credential in account.credentials}:
            return NOT_FOUND
        return IN_USE if credential_id == account.credential_ref and account.sender_id is not None else None

    def is_in_force(self, command: Command) -> bool:
        """Return whether it was revoked before."""
        return _asked(command).credential_id in command.revoked

    def calls(self, command: Command) -> bool:
        """Return whether there is a key to revoke."""
        return not self.is_in_force(command)

    def makes(self, command: Command) -> None:
        """Nothing."""

    async def do(self, command: Command) -> Change:
        """Revoke the key and make sure that it is gone.

        Raises:
            Retryable: It is still there.
        """
        if self.calls(command):
            for key_id in await self._left(command):
                await self._inboxes.delete_key(_inbox_id(command.account), key_id)
            if await self._left(command):
                raise Retryable("The key is still there.", code="still_there")
        return self._revoked(command)

    async def adopt(self, command: Command) -> Change | None:
        """Look whether the key is gone."""
        return None if await self._left(command) else self._revoked(command)

    async def _left(self, command: Command) -> list[str]:
        account, credential_id = command.account, _asked(command).credential_id
        is_first = credential_id == account.credential_ref
        name = key_name(account.account_id, None if is_first else credential_id)
        return list(await self._inboxes.keys_named(_inbox_id(account), name))

    def _revoked(self, command: Command) -> Change:
        account, credential_id = command.account, _asked(command).credential_id
        fields: dict[str, Any] = {
            "credentials": tuple(each for each in account.credentials if each.id != credential_id)
        }
        if credential_id == account.credential_ref:
            fields["credential_ref"] = None
        return Change(CredentialsRevoked, fields, {"credential_id": str(credential_id)})


def _asked(command: Command) -> CredentialsRevocationRequested:
    return cast("CredentialsRevocationRequested", command.request.data)


def _inbox_id(account: AccountState) -> str:
    return account.inbox_id or account.address
