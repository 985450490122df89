"""Every write of the projections: events kept once, and rows folded from them under lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.gateway.projection import AccountRow, DomainRow, fold_account, fold_domain
from services.gateway.projection_rows import Owner
from services.gateway.projection_threads import ThreadRow
from services.gateway.selected import account_row
from services.gateway.store_rows import locked, owners
from services.gateway.store_threads import ThreadRows
from shared.contracts.accounts import AccountFact
from shared.contracts.domains import DomainFact, DomainState
from shared.contracts.envelope import Received, Recorded
from shared.contracts.threads import SuppressionFact, ThreadFact
from shared.contracts.warmups import WarmupFact
from shared.db.columns import as_columns
from shared.db.pool import Connection
from shared.observability import metrics


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
        *as_columns(rows),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """The accounts, domains and threads whose rows answers are about, each with whom it belongs to."""

    accounts: dict[UUID, Owner] = field(default_factory=dict)
    domains: dict[UUID, Owner] = field(default_factory=dict)
    threads: dict[UUID, Owner] = field(default_factory=dict)


class Rows:
    """The projection rows of one transaction: loaded under lock, folded in memory, and written once.

    A row that is asked for and does not exist yet is made, empty and invisible, so that there is something to lock:
    whoever needs the same row waits here, and then sees what this transaction did.
    """

    def __init__(
        self, accounts: dict[UUID, AccountRow], domains: dict[UUID, DomainRow], threads: ThreadRows
    ) -> None:
        self.accounts = accounts
        self.domains = domains
        self.threads = threads
        self._loaded_accounts = dict(accounts)
        self._loaded_domains = dict(domains)

    @classmethod
    async def load(
        cls, connection: Connection, events: Sequence[Recorded], answered: Answered | None = None
    ) -> Rows:
        """Read and lock the rows that these events state facts about, and those that were `answered`.

        They are locked one kind after the other, each in the order of their ids.
        """
        answered = answered or Answered()
        return cls(
            await _load_accounts(connection, answered.accounts | owners(events, AccountFact | WarmupFact)),
            await _load_domains(connection, answered.domains | owners(events, DomainFact)),
            await ThreadRows.load(connection, answered.threads, events),
        )

    def fold(self, event: Recorded) -> None:
        """Apply a fact to its row; its outcome is counted, events of other kinds are ignored."""
        match event.data:
            case AccountFact() | WarmupFact():
                self.accounts[event.subject], outcome = fold_account(self.accounts[event.subject], event)
            case DomainFact():
                self.domains[event.subject], outcome = fold_domain(self.domains[event.subject], event)
            case ThreadFact() | SuppressionFact():
                outcome = self.threads.fold(event)
            case _:
                return
        metrics.PROJECTION_WRITES.labels(outcome).inc()

    def find(self, subject_id: UUID) -> AccountRow | DomainRow | ThreadRow | None:
        """Return the row of an account, a domain or a thread, if this transaction has it."""
        found = self.accounts.get(subject_id) or self.domains.get(subject_id)
        return found or self.threads.threads.get(subject_id)

    async def save(self, connection: Connection) -> set[UUID]:
        """Write the rows that changed and return the ids of accounts, domains and threads among them."""
        accounts = [row for row in self.accounts.values() if row is not self._loaded_accounts[row.id]]
        domains = [row for row in self.domains.values() if row is not self._loaded_domains[row.id]]
        await _save_accounts(connection, accounts)
        await _save_domains(connection, domains)
        threads = await self.threads.save(connection)
        return {row.id for row in accounts} | {row.id for row in domains} | threads


async def apply(connection: Connection, events: Iterable[Recorded]) -> None:
    """Fold facts into the projection tables this connection sees first; the outcome does not depend on their order."""
    facts = list(events)
    rows = await Rows.load(connection, facts)
    for event in facts:
        rows.fold(event)
    await rows.save(connection)


async def _load_accounts(connection: Connection, rows_of: dict[UUID, Owner]) -> dict[UUID, AccountRow]:
    fields = "account::text, account_version, warmup::text, warmup_version"
    return {row["id"]: account_row(row) for row in await locked(connection, "account", fields, rows_of)}


async def _load_domains(connection: Connection, rows_of: dict[UUID, Owner]) -> dict[UUID, DomainRow]:
    return {
        row["id"]: DomainRow(
            row["id"],
            row["tenant_id"],
            row["workspace_id"],
            DomainState.model_validate_json(row["state"]) if row["state"] else None,
            row["version"],
        )
        for row in await locked(connection, "domain", "state::text, version", rows_of)
    }


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
        *as_columns(values),
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
        *as_columns(values),
    )
