"""What the accounts topic tells of senders, kept by version; every read and write of the table `sender`."""

from __future__ import annotations

from uuid import UUID

from services.threads.domain.senders import Sender
from shared.contracts.accounts import AccountState
from shared.contracts.threads import Channel
from shared.contracts.warmups import WarmupState
from shared.db.pool import Connection


async def sender_of(connection: Connection, account_id: UUID) -> Sender | None:
    """Return what is known of an account, which nobody changes before the transaction ends; None if nothing is."""
    row = await connection.fetchrow(
        """
        select account_id, channel, account, account_version, warmup, warmup_version from sender
        where account_id = $1 for share
        """,
        account_id,
    )
    if row is None:
        return None
    return Sender(
        account_id=row["account_id"],
        channel=Channel(row["channel"]),
        account=row["account"] and AccountState.model_validate(row["account"]),
        account_version=row["account_version"],
        warmup=row["warmup"] and WarmupState.model_validate(row["warmup"]),
        warmup_version=row["warmup_version"],
    )


async def keep_account(connection: Connection, account: AccountState, version: int) -> bool:
    """Keep what an account's owner told; False if something newer is known."""
    kept = await connection.fetchval(
        """
        insert into sender (account_id, tenant_id, workspace_id, inbox_id, account, account_version)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (account_id) do update
            set inbox_id = excluded.inbox_id, account = excluded.account, account_version = excluded.account_version
            where sender.account_version < excluded.account_version
        returning true
        """,
        account.account_id,
        account.tenant_id,
        account.workspace_id,
        account.inbox_id,
        account.model_dump(mode="json"),
        version,
    )
    return bool(kept)


async def keep_warmup(connection: Connection, warmup: WarmupState, version: int) -> None:
    """Keep what a warmup's owner told, unless something newer is known."""
    await connection.execute(
        """
        insert into sender (account_id, tenant_id, workspace_id, warmup, warmup_version)
        values ($1, $2, $3, $4, $5)
        on conflict (account_id) do update
            set warmup = excluded.warmup, warmup_version = excluded.warmup_version
            where sender.warmup_version < excluded.warmup_version
        """,
        warmup.account_id,
        warmup.tenant_id,
        warmup.workspace_id,
        warmup.model_dump(mode="json"),
        version,
    )
