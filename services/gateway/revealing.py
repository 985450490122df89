"""Secrets that a final answer shows once: the inbox's credential from the vault, and a key minted for it there and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.projection import AccountRow
from services.gateway.requests.model import OpenRequest, Secrets
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.security.scopes import usual
from services.gateway.tenancy.keys import NewKey, add_keys, revoke_account_keys, revoke_other_credentials
from services.gateway.views import AccountView, View
from shared.contracts.accounts import AccountStatus, CredentialsRevoked
from shared.contracts.answers import Outcome, RequestAnswered
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection
from shared.security.vault import INBOX_CREDENTIAL, MasterKeys, Vault

_GONE = frozenset({AccountStatus.FAILED, AccountStatus.DELETING, AccountStatus.DELETED})


@dataclass(frozen=True, slots=True)
class Revealing:
    """A request about to be closed whose answer shows a credential, and the kind of key that goes with it."""

    request: OpenRequest
    answer: RequestAnswered
    view: View | None
    kind: KeyKind

    @property
    def credential_id(self) -> UUID | None:
        """The credential to show: the one the answer names, else the account's own; None if it is not in force."""
        if self.answer.outcome is not Outcome.DONE or not isinstance(self.view, AccountView):
            return None
        account = self.view.account
        named = self.answer.details.get("credential_id")
        wanted = UUID(str(named)) if named else account.credential_ref
        in_force = {each.id for each in account.credentials}
        is_there = account.status is AccountStatus.PROVISIONED and wanted in in_force
        return wanted if is_there else None


async def reveal(
    connection: Connection, keys: MasterKeys | None, revealings: Sequence[Revealing], at: datetime
) -> dict[UUID, Secrets]:
    """Open the credentials and mint the keys that these answers show, by request id.

    An answer whose credential is gone, or does not open here, is left out: it is rendered without secrets.
    """
    wanted = {each.request.id: each.credential_id for each in revealings}
    places = [
        (credential_id, each.request.tenant_id)
        for each in revealings
        if (credential_id := wanted[each.request.id]) is not None
    ]
    if keys is None or not places:
        return {}
    opened = await Vault(keys).get_many(connection, places, kind=INBOX_CREDENTIAL)
    secrets: dict[UUID, Secrets] = {}
    new: list[NewKey] = []
    for each in revealings:
        credential_id = wanted[each.request.id]
        if credential_id in opened and isinstance(each.view, AccountView):
            key = make_key(each.kind)
            secrets[each.request.id] = Secrets(credential_id, opened[credential_id], key)
            account = each.view.account
            new.append(
                NewKey(
                    key,
                    tenant_id=account.tenant_id,
                    workspace_id=account.workspace_id,
                    user_id=account.user_id,
                    name=next((known.name for known in account.credentials if known.id == credential_id), ""),
                    scopes=usual(each.kind),
                    created_at=at,
                    account_id=account.account_id,
                    credential_id=credential_id,
                    created_by=each.request.key_id or None,
                )
            )
    await add_keys(connection, new)
    return secrets


async def end_keys(
    connection: Connection,
    events: Sequence[Recorded],
    accounts: dict[UUID, AccountRow],
    advanced: set[UUID],
    at: datetime,
) -> None:
    """End the keys of accounts that are going away, and those that came with a credential which is revoked now.

    `accounts` are the rows a batch led to, under lock, and `advanced` the ids of those it changed: a key that another
    process mints for such an account at this moment is minted before or not at all.
    """
    known = {
        row.id: row.account for row in accounts.values() if row.id in advanced and row.account is not None
    }
    gone = [account_id for account_id, account in known.items() if account.status in _GONE]
    if gone:
        await revoke_account_keys(connection, gone, at)
    for account_id in {
        event.subject for event in events if isinstance(event.data, CredentialsRevoked)
    } & known.keys():
        in_force = [each.id for each in known[account_id].credentials]
        await revoke_other_credentials(connection, account_id, in_force, at)
