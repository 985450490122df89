"""What an account is made of at the providers: each step's key, how it is done, looked up, undone and confirmed gone.

The key of an effect depends on the account and the step only, never on the attempt: whoever repeats a call, and however
late an earlier one lands, it is the same effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from services.provisioner.domain.accounts import sender_names
from services.provisioner.effect_names import alias_key, inbox_key, key_name
from services.provisioner.ports import Accounts, Addresses, Credentials, Inboxes, Refused, Senders, TagGone
from shared.contracts.accounts import AccountState, Step
from shared.errors import Retryable

Reference = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step came to: the account's new fields, what undoing it needs, and a secret to seal if it made one."""

    fields: dict[str, Any]
    reference: dict[str, Any] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)


class Action(Protocol):
    """One step at the providers."""

    async def do(self, account: AccountState, *, is_repeat: bool) -> Effect:
        """Have the effect; `is_repeat` when an earlier call may have had it already."""
        ...

    async def adopt(self, account: AccountState) -> Effect | None:
        """Return the effect if an earlier call had it and it can be gone on with."""
        ...

    async def undo(self, account: AccountState, reference: Reference) -> None:
        """Take the effect back; safe to repeat, and without one there is nothing to do."""
        ...

    async def is_gone(self, account: AccountState, reference: Reference) -> bool:
        """Look whether nothing is left of the effect."""
        ...


@dataclass(frozen=True, slots=True)
class InboxAction:
    """The inbox, and those of further addresses when it goes; only ones with our own keys are ever touched."""

    inboxes: Inboxes
    addresses: Addresses
    installation: str

    async def do(self, account: AccountState, *, is_repeat: bool) -> Effect:  # noqa: ARG002  the key makes it safe
        """Create the inbox (S0-26); an address that is taken may be our own earlier success."""
        try:
            inbox_id = await self.inboxes.create(
                username=account.username,
                domain=account.domain,
                display_name=account.display_name,
                key=self._key(account),
            )
        except Refused:
            ours = await self.adopt(account)
            if ours is None:
                raise
            return ours
        return Effect({"inbox_id": inbox_id})

    async def adopt(self, account: AccountState) -> Effect | None:
        """Return the inbox at the address if it carries our key."""
        inbox = await self.inboxes.find(account.address)
        ours = inbox is not None and inbox.key == self._key(account)
        return Effect({"inbox_id": inbox.id}) if inbox is not None and ours else None

    async def undo(self, account: AccountState, reference: Reference) -> None:  # noqa: ARG002
        """Delete the inboxes of the account (S0-34)."""
        for inbox_id in await self._ours(account):
            await self.inboxes.delete(inbox_id)

    async def is_gone(self, account: AccountState, reference: Reference) -> bool:  # noqa: ARG002
        """Look whether no inbox of the account is left."""
        return not await self._ours(account)

    async def _ours(self, account: AccountState) -> list[str]:
        """Return the inboxes to delete, the account's own last."""
        keys = {
            address: alias_key(self.installation, account.account_id, address)
            for address in await self.addresses.further(account)
        }
        keys[account.address] = self._key(account)
        found = [(await self.inboxes.find(address), key) for address, key in keys.items()]
        return [inbox.id for inbox, key in found if inbox is not None and inbox.key == key]

    def _key(self, account: AccountState) -> str:
        return inbox_key(self.installation, account)


@dataclass(frozen=True, slots=True)
class CredentialsAction:
    """The inbox's own key. Its secret is shown once: one that was not stored is useless, and revoked by its name."""

    inboxes: Inboxes

    async def do(self, account: AccountState, *, is_repeat: bool) -> Effect:
        """Mint the key, after revoking those whose secret never reached us."""
        inbox_id = account.inbox_id or account.address
        if is_repeat:
            await self.undo(account, {})
        key = await self.inboxes.create_key(inbox_id, self._name(account))
        return Effect({}, {"key_id": key.id}, key.secret)

    async def adopt(self, account: AccountState) -> Effect | None:  # noqa: ARG002
        """Return nothing: a secret that was not stored is lost."""
        return None

    async def undo(self, account: AccountState, reference: Reference) -> None:
        """Revoke every key of the account's name but the one `keep` names."""
        for key_id in await self._left(account, reference):
            await self.inboxes.delete_key(account.inbox_id or account.address, key_id)

    async def is_gone(self, account: AccountState, reference: Reference) -> bool:
        """Look whether no such key is left."""
        return not await self._left(account, reference)

    async def _left(self, account: AccountState, reference: Reference) -> list[str]:
        inbox_id = account.inbox_id or account.address
        named = await self.inboxes.keys_named(inbox_id, self._name(account))
        return [key_id for key_id in named if key_id != reference.get("keep")]

    def _name(self, account: AccountState) -> str:
        return key_name(account.account_id)


@dataclass(frozen=True, slots=True)
class SenderAction:
    """The registration at the warmup provider, which knows it by its address."""

    senders: Senders
    inboxes: Inboxes
    credentials: Credentials

    async def do(self, account: AccountState, *, is_repeat: bool) -> Effect:  # noqa: ARG002  the address is the key
        """Register the sender (S0-27); the provider logs in to the inbox meanwhile."""
        first_name, last_name = sender_names(account)
        login = self.inboxes.login(account.address, await self.credentials.secret_of(account))
        await self.senders.add(
            account.address,
            login,
            first_name=first_name,
            last_name=last_name,
            daily_limit=account.daily_limit,
        )
        return Effect({"sender_id": account.address})

    async def adopt(self, account: AccountState) -> Effect | None:
        """Return the sender if it is registered."""
        is_there = await self.senders.exists(account.address)
        return Effect({"sender_id": account.address}) if is_there else None

    async def undo(self, account: AccountState, reference: Reference) -> None:  # noqa: ARG002
        """Remove the sender."""
        await self.senders.remove(account.address)

    async def is_gone(self, account: AccountState, reference: Reference) -> bool:  # noqa: ARG002
        """Look whether the sender is gone."""
        return not await self.senders.exists(account.address)


@dataclass(frozen=True, slots=True)
class TagsAction:
    """Two tags on the sender: its own, made and deleted with it, and one that its workspace shares (S0-29, S0-46)."""

    senders: Senders
    installation: str
    shared_tags: dict[UUID, str] = field(default_factory=dict)
    """The shared tag of each workspace, as far as this process has met it."""

    async def do(self, account: AccountState, *, is_repeat: bool) -> Effect:  # noqa: ARG002  labels are unique
        """Find or create both tags and assign them."""
        known = self.shared_tags.get(account.workspace_id)
        shared = known or await self._find_or_create(self._shared_label(account))
        own = await self.senders.create_tag(self._own_label(account))
        try:
            await self.senders.assign_tags(account.address, (own, shared))
        except TagGone:
            self.shared_tags.pop(account.workspace_id, None)
            if known is None:
                raise
            raise Retryable("The shared tag is gone; it is made again.", code="tag_gone") from None
        self.shared_tags[account.workspace_id] = shared
        return _tagged(own, shared)

    async def adopt(self, account: AccountState) -> Effect | None:
        """Return the tags if the sender wears both."""
        own = await self.senders.find_tag(self._own_label(account))
        shared = await self.senders.find_tag(self._shared_label(account))
        if (
            own is None
            or shared is None
            or not {own, shared} <= set(await self.senders.tags_of(account.address))
        ):
            return None
        return _tagged(own, shared)

    async def undo(self, account: AccountState, reference: Reference) -> None:  # noqa: ARG002
        """Take both tags off and delete the account's own; the shared one stays."""
        worn = await self._worn(account)
        if worn:
            await self.senders.unassign_tags(account.address, worn)
        own = await self.senders.find_tag(self._own_label(account))
        if own is not None:
            await self.senders.delete_tag(own)

    async def is_gone(self, account: AccountState, reference: Reference) -> bool:  # noqa: ARG002
        """Look whether neither tag is on the sender and its own is gone."""
        own = await self.senders.find_tag(self._own_label(account))
        return own is None and not await self._worn(account)

    async def _worn(self, account: AccountState) -> set[str]:
        labels = (self._own_label(account), self._shared_label(account))
        ours = {await self.senders.find_tag(label) for label in labels}
        return {tag for tag in ours if tag is not None} & set(await self.senders.tags_of(account.address))

    async def _find_or_create(self, label: str) -> str:
        return await self.senders.find_tag(label) or await self.senders.create_tag(label)

    def _own_label(self, account: AccountState) -> str:
        return f"mw-{self.installation}-{account.account_id}"

    def _shared_label(self, account: AccountState) -> str:
        return f"mw-{self.installation}-warmup-{account.workspace_id}"


def _tagged(own: str, shared: str) -> Effect:
    return Effect({"account_tag_id": own, "warmup_tag_id": shared}, {"tag_id": own})


def actions(inboxes: Inboxes, senders: Senders, accounts: Accounts, installation: str) -> dict[Step, Action]:
    """Return the table of steps, in the order they are done; they are undone in the reverse order."""
    return {
        Step.INBOX: InboxAction(inboxes, accounts, installation),
        Step.CREDENTIALS: CredentialsAction(inboxes),
        Step.SENDER: SenderAction(senders, inboxes, accounts),
        Step.TAGS: TagsAction(senders, installation),
    }
