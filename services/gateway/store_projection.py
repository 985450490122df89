"""Every write of the projections: events kept once, and rows folded from them under lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from services.gateway.projection import AccountRow, DomainRow, fold_account, fold_domain
from services.gateway.selected import account_row
from shared.contracts.accounts import AccountFact
from shared.contracts.domains import DomainFact, DomainState
from shared.contracts.envelope import Received, Recorded
from shared.contracts.warmups import WarmupFact
from shared.db.pool import Connection
from shared.observability import metrics

Owner = tuple[UUID, UUID | None]
"""A tenant and a workspace."""


async def keep_events(connection: Connection, events: Sequence[Received]) -> None:
    """Keep each event once, by its id: together they are the history, and all that a rebuild needs."""
    rows = [
        (
            each.event.id, each.event.subject, each.source, each.topic, each.event.data.TYPE, each.event.sequence,
            each.event.time, each.event.tenant_id, each.event.workspace_id, each.event.request_id,
            each.event.causation_id, each.event.data.model_dump_json(),
        )
        for each in sorted(events, key=lambda each: each.event.id)  # one order, so that no two writers wait in a circle
    ]  # fmt: skip
    await connection.execute(
        """
        insert into event (event_id, subject, source, topic, type, sequence, event_time, tenant_id, workspace_id,
            request_id, causation_id, data)
        select e.event_id, e.subject, e.source, e.topic, e.type, e.sequence, e.event_time, e.tenant_id, e.workspace_id,
            e.request_id, e.causation_id, e.data::jsonb
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[],
            $8::uuid[], $9::uuid[], $10::uuid[], $11::uuid[], $12::text[])
            as e (event_id, subject, source, topic, type, sequence, event_time, tenant_id, workspace_id,
                request_id, causation_id, data)
        on conflict (event_id) do nothing
        """,
        *_columns(rows, 12),
    )


class Rows:
    """The projection rows of one transaction: loaded under lock, folded in memory, and written once.

    A row that is asked for and does not exist yet is made, empty and invisible, so that there is something to lock:
    whoever needs the same row waits here, and then sees what this transaction did.
    """

    def __init__(self, accounts: dict[UUID, AccountRow], domains: dict[UUID, DomainRow]) -> None:
        self.accounts = accounts
        self.domains = domains
        self._loaded_accounts = dict(accounts)
        self._loaded_domains = dict(domains)

    @classmethod
    async def load(
        cls, connection: Connection, accounts: dict[UUID, Owner], domains: dict[UUID, Owner]
    ) -> Rows:
        """Read and lock the rows of these accounts and domains, in the order of their ids."""
        return cls(await _load_accounts(connection, accounts), await _load_domains(connection, domains))

    def fold(self, event: Recorded) -> None:
        """Apply a fact to its row; its outcome is counted, events of other kinds are ignored."""
        match event.data:
            case AccountFact() | WarmupFact():
                self.accounts[event.subject], outcome = fold_account(self.accounts[event.subject], event)
            case DomainFact():
                self.domains[event.subject], outcome = fold_domain(self.domains[event.subject], event)
            case _:
                return
        metrics.PROJECTION_WRITES.labels(outcome).inc()

    async def save(self, connection: Connection) -> set[UUID]:
        """Write the rows that changed and return their ids."""
        accounts = [row for row in self.accounts.values() if row is not self._loaded_accounts[row.id]]
        domains = [row for row in self.domains.values() if row is not self._loaded_domains[row.id]]
        await _save_accounts(connection, accounts)
        await _save_domains(connection, domains)
        return {row.id for row in accounts} | {row.id for row in domains}


async def apply(connection: Connection, events: Iterable[Recorded]) -> None:
    """Fold facts into the projection tables this connection sees first; the outcome does not depend on their order."""
    facts = list(events)
    rows = await Rows.load(connection, account_owners(facts), domain_owners(facts))
    for event in facts:
        rows.fold(event)
    await rows.save(connection)


def account_owners(events: Iterable[Recorded]) -> dict[UUID, Owner]:
    """Return the accounts that these events state facts about, with whom they belong to."""
    return {
        event.subject: (event.tenant_id, event.workspace_id)
        for event in events
        if isinstance(event.data, AccountFact | WarmupFact)
    }


def domain_owners(events: Iterable[Recorded]) -> dict[UUID, Owner]:
    """Return the domains that these events state facts about, with whom they belong to."""
    return {
        event.subject: (event.tenant_id, event.workspace_id)
        for event in events
        if isinstance(event.data, DomainFact)
    }


async def _load_accounts(connection: Connection, owners: dict[UUID, Owner]) -> dict[UUID, AccountRow]:
    select = """
        select id, tenant_id, workspace_id, account::text, account_version, warmup::text, warmup_version
        from account where id = any($1::uuid[]) order by id for update
    """
    return {row["id"]: account_row(row) for row in await _locked(connection, "account", select, owners)}


async def _load_domains(connection: Connection, owners: dict[UUID, Owner]) -> dict[UUID, DomainRow]:
    select = """
        select id, tenant_id, workspace_id, state::text, version
        from domain where id = any($1::uuid[]) order by id for update
    """
    rows = await _locked(connection, "domain", select, owners)
    return {
        row["id"]: DomainRow(
            row["id"],
            row["tenant_id"],
            row["workspace_id"],
            DomainState.model_validate_json(row["state"]) if row["state"] else None,
            row["version"],
        )
        for row in rows
    }


async def _locked(connection: Connection, table: str, select: str, owners: dict[UUID, Owner]) -> list[Any]:
    if not owners:
        return []
    wanted = sorted(owners)
    rows: list[Any] = await connection.fetch(select, wanted)
    if len(rows) < len(wanted):
        await connection.execute(
            f"""
            insert into {table} (id, tenant_id, workspace_id)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) on conflict (id) do nothing
            """,  # noqa: S608  the table's name is one of two of ours
            wanted,
            [owners[each][0] for each in wanted],
            [owners[each][1] for each in wanted],
        )
        rows = await connection.fetch(select, wanted)
    return rows


async def _save_accounts(connection: Connection, rows: Sequence[AccountRow]) -> None:
    if not rows:
        return
    values = [
        (
            row.id, row.tenant_id, row.workspace_id,
            row.account and row.account.dialect, row.account and row.account.address,
            row.account and row.account.domain_id, row.status, row.warmup_status, row.is_deleted,
            row.account and row.account.created_at, row.updated_at,
            row.account and row.account.model_dump_json(), row.account_version,
            row.warmup and row.warmup.model_dump_json(), row.warmup_version,
        )
        for row in rows
    ]  # fmt: skip
    await connection.execute(
        """
        update account set tenant_id = r.tenant_id, workspace_id = r.workspace_id, dialect = r.dialect,
            address = r.address, domain_id = r.domain_id, status = r.status, warmup_status = r.warmup_status,
            is_deleted = r.is_deleted, created_at = r.created_at, updated_at = r.updated_at,
            account = r.account::jsonb, account_version = r.account_version,
            warmup = r.warmup::jsonb, warmup_version = r.warmup_version
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[],
            $9::bool[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::bigint[], $14::text[], $15::bigint[])
            as r (id, tenant_id, workspace_id, dialect, address, domain_id, status, warmup_status,
                is_deleted, created_at, updated_at, account, account_version, warmup, warmup_version)
        where account.id = r.id
            and account.account_version <= r.account_version and account.warmup_version <= r.warmup_version
        """,
        *_columns(values, 15),
    )


async def _save_domains(connection: Connection, rows: Sequence[DomainRow]) -> None:
    known = [(row, row.state) for row in rows if row.state is not None]
    if not known:
        return
    values = [
        (
            row.id, row.tenant_id, row.workspace_id, state.dialect, state.domain, state.status,
            state.created_at, state.updated_at, state.model_dump_json(), row.version, row.is_deleted,
        )
        for row, state in known
    ]  # fmt: skip
    await connection.execute(
        """
        update domain set tenant_id = r.tenant_id, workspace_id = r.workspace_id, dialect = r.dialect, name = r.name,
            status = r.status, created_at = r.created_at, updated_at = r.updated_at, state = r.state::jsonb,
            version = r.version, is_deleted = r.is_deleted
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
            $8::timestamptz[], $9::text[], $10::bigint[], $11::bool[])
            as r (id, tenant_id, workspace_id, dialect, name, status, created_at, updated_at, state, version, is_deleted)
        where domain.id = r.id and domain.version <= r.version
        """,
        *_columns(values, 11),
    )


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]
