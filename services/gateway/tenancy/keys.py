"""Keys in the database: made, listed and revoked; of their secrets only hashes are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway.security.keys import KeyKind, KeyText
from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key about to be stored, and what it is bound to; `created_by` is the id of the key that made it."""

    text: KeyText
    tenant_id: UUID | None
    workspace_id: UUID | None
    user_id: UUID
    name: str
    scopes: Sequence[str]
    created_at: datetime
    account_id: UUID | None = None
    credential_id: UUID | None = None
    created_by: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as its owner sees it: never its secret; `suffix` is the end of its text."""

    id: str
    kind: KeyKind
    name: str
    suffix: str
    workspace_id: UUID | None
    account_id: UUID | None
    credential_id: UUID | None
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


async def add_keys(connection: Connection, keys: Sequence[NewKey]) -> None:
    """Store keys, in the caller's transaction."""
    await connection.executemany(
        """
        insert into api_key (id, prefix, dialect, name, tenant_id, workspace_id, user_id, secret_hash, scopes,
            created_at, account_id, credential_id, created_by, expires_at, suffix)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        [
            (
                key.text.id, key.text.prefix, key.text.prefix.dialect, key.name, key.tenant_id, key.workspace_id,
                key.user_id, key.text.hash(), list(key.scopes), key.created_at, key.account_id, key.credential_id,
                key.created_by, key.expires_at, key.text.suffix,
            )
            for key in keys
        ],
    )  # fmt: skip


async def list_keys(
    connection: Connection, tenant_id: UUID, workspace_id: UUID, kind: KeyKind
) -> list[ShownKey]:
    """Return a workspace's keys of one kind that are in force, newest first."""
    rows = await connection.fetch(
        """
        select id, prefix, name, suffix, workspace_id, account_id, credential_id, created_at, revoked_at, last_used_at
        from api_key where tenant_id = $1 and workspace_id = $2 and prefix = $3 and revoked_at is null
        order by created_at desc, id
        """,
        tenant_id,
        workspace_id,
        kind,
    )
    return [_shown(row) for row in rows]


async def revoke_key(
    connection: Connection, tenant_id: UUID, workspace_id: UUID, key_id: str, kind: KeyKind, at: datetime
) -> bool:
    """End a workspace's key from the next call on; False if there is no such key in force."""
    done = await connection.fetchval(
        """
        update api_key set revoked_at = $5
        where id = $1 and tenant_id = $2 and workspace_id = $3 and prefix = $4 and revoked_at is null returning true
        """,
        key_id,
        tenant_id,
        workspace_id,
        kind,
        at,
    )
    return bool(done)


async def revoke_account_keys(connection: Connection, account_ids: Iterable[UUID], at: datetime) -> None:
    """End every key of these accounts."""
    await connection.execute(
        "update api_key set revoked_at = $2 where account_id = any($1::uuid[]) and revoked_at is null",
        list(account_ids),
        at,
    )


async def revoke_other_credentials(
    connection: Connection, account_id: UUID, in_force: Iterable[UUID], at: datetime
) -> None:
    """End the account's keys that came with a credential which is no longer in force."""
    await connection.execute(
        """
        update api_key set revoked_at = $3
        where account_id = $1 and credential_id <> all($2::uuid[]) and revoked_at is null
        """,
        account_id,
        list(in_force),
        at,
    )


async def replace_account_key(connection: Connection, key: NewKey) -> bool:
    """Store a key of an account and end those it had, in the caller's transaction; False if the account is not active.

    The account's row is held, so that no key outlives an account that goes away at this moment.
    """
    credential = await connection.fetchrow(
        "select account->>'credential_ref' as id from account where id = $1 and status = 'active' for update",
        key.account_id,
    )
    if credential is None or key.account_id is None:
        return False
    await revoke_account_keys(connection, [key.account_id], key.created_at)
    credential_id = UUID(credential["id"]) if credential["id"] else None
    await add_keys(connection, [replace(key, credential_id=credential_id)])
    return True


def _shown(row: Any) -> ShownKey:
    return ShownKey(
        row["id"],
        KeyKind(row["prefix"]),
        row["name"],
        row["suffix"],
        row["workspace_id"],
        row["account_id"],
        row["credential_id"],
        row["created_at"],
        row["revoked_at"],
        row["last_used_at"],
    )
