"""Every write of the projections of threads, messages and suppressions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from services.gateway.projection_rows import Owner
from services.gateway.projection_threads import (
    MessageRow,
    SuppressionRow,
    ThreadRow,
    active_at,
    fold_message,
    fold_suppression,
    fold_thread,
    inbox_state,
    placed_at,
)
from services.gateway.store_rows import locked, owners
from shared.contracts.envelope import Recorded
from shared.contracts.threads import (
    MessageFact,
    MessageState,
    SuppressionFact,
    SuppressionState,
    ThreadFact,
    ThreadState,
)
from shared.db.cas import WriteOutcome
from shared.db.columns import as_columns
from shared.db.pool import Connection

State = TypeVar("State", ThreadState, MessageState, SuppressionState)


class ThreadRows:
    """The rows of threads, their messages and of suppressions in one transaction, as `Rows` are those of accounts."""

    def __init__(
        self,
        threads: dict[UUID, ThreadRow],
        messages: dict[UUID, MessageRow],
        suppressions: dict[UUID, SuppressionRow],
    ) -> None:
        self.threads = threads
        self.messages = messages
        self.suppressions = suppressions
        self._loaded = {**threads, **messages, **suppressions}

    @classmethod
    async def load(
        cls, connection: Connection, answered: dict[UUID, Owner], events: Iterable[Recorded]
    ) -> ThreadRows:
        """Read and lock the rows that these events state facts about, and the threads that were `answered`."""
        facts = [each for each in events if isinstance(each.data, ThreadFact | SuppressionFact)]
        threads = answered | owners(facts, ThreadFact)
        messages = {
            each.data.message.message_id: (each.tenant_id, each.workspace_id)
            for each in facts
            if isinstance(each.data, MessageFact)
        }
        suppressions = owners(facts, SuppressionFact)
        return cls(
            {
                row["id"]: ThreadRow(*_place(row), _state(row, ThreadState), row["version"])
                for row in await locked(connection, "thread", _STATE, threads)
            },
            {
                row["id"]: MessageRow(*_place(row), _state(row, MessageState), row["version"])
                for row in await locked(connection, "message", _STATE, messages)
            },
            {
                row["id"]: SuppressionRow(*_place(row), _state(row, SuppressionState), row["version"])
                for row in await locked(connection, "suppression", _STATE, suppressions)
            },
        )

    def fold(self, event: Recorded) -> WriteOutcome:
        """Apply a fact to its rows."""
        if isinstance(event.data, SuppressionFact):
            row, outcome = fold_suppression(self.suppressions[event.subject], event)
            self.suppressions[event.subject] = row
            return outcome
        self.threads[event.subject], outcome = fold_thread(self.threads[event.subject], event)
        if isinstance(event.data, MessageFact):
            message_id = event.data.message.message_id
            self.messages[message_id] = fold_message(self.messages[message_id], event)
        return outcome

    async def save(self, connection: Connection) -> set[UUID]:
        """Write the rows that changed and return the ids of the threads among them.

        The messages of an erased thread go with it; one that is told of afterwards is not kept.
        """
        threads = [row for row in self.threads.values() if row is not self._loaded[row.id]]
        erased = {row.id for row in self.threads.values() if row.is_deleted}
        gone = {
            row.id
            for row in self.messages.values()
            if row.state is not None and row.state.thread_id in erased
        }
        messages = [
            row for row in self.messages.values() if row is not self._loaded[row.id] and row.id not in gone
        ]
        await _save_threads(connection, threads)
        await _save_messages(connection, messages)
        await _save_suppressions(
            connection, [row for row in self.suppressions.values() if row is not self._loaded[row.id]]
        )
        if erased:
            await _forget(connection, sorted(erased), sorted(gone))
        return {row.id for row in threads}


_STATE = "state::text, version"


def _place(row: Any) -> tuple[UUID, UUID, UUID | None]:
    return row["id"], row["tenant_id"], row["workspace_id"]


def _state(row: Any, kind: type[State]) -> State | None:
    return kind.model_validate_json(row["state"]) if row["state"] else None


async def _save_threads(connection: Connection, rows: Sequence[ThreadRow]) -> None:
    values = [
        (
            row.id, row.tenant_id, row.workspace_id, state.channel, state.status, inbox_state(state), state.account_id,
            state.participant_email, state.participant_name, state.received, state.is_bounced, row.is_deleted,
            active_at(state), state.created_at, state.updated_at, state.model_dump_json(), row.version,
        )
        for row in rows
        if (state := row.state) is not None
    ]  # fmt: skip
    if values:
        await connection.execute(
            """
            update thread set tenant_id = r.tenant_id, workspace_id = r.workspace_id, channel = r.channel,
                status = r.status, inbox_state = r.inbox_state, account_id = r.account_id,
                participant_email = r.participant_email, participant_name = r.participant_name, received = r.received,
                is_bounced = r.is_bounced, is_deleted = r.is_deleted, active_at = r.active_at,
                created_at = r.created_at, updated_at = r.updated_at, state = r.state::jsonb, version = r.version
            from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[],
                $9::text[], $10::int[], $11::bool[], $12::bool[], $13::timestamptz[], $14::timestamptz[],
                $15::timestamptz[], $16::text[], $17::bigint[])
                as r (id, tenant_id, workspace_id, channel, status, inbox_state, account_id, participant_email,
                    participant_name, received, is_bounced, is_deleted, active_at, created_at, updated_at, state,
                    version)
            where thread.id = r.id and thread.version <= r.version
            """,
            *as_columns(values),
        )


async def _save_messages(connection: Connection, rows: Sequence[MessageRow]) -> None:
    values = [
        (
            row.id, row.tenant_id, row.workspace_id, state.thread_id, state.account_id, state.direction, state.status,
            placed_at(state), state.model_dump_json(), row.version,
        )
        for row in rows
        if (state := row.state) is not None
    ]  # fmt: skip
    if values:
        await connection.execute(
            """
            update message set tenant_id = r.tenant_id, workspace_id = r.workspace_id, thread_id = r.thread_id,
                account_id = r.account_id, direction = r.direction, status = r.status, placed_at = r.placed_at,
                state = r.state::jsonb, version = r.version
            from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                $8::timestamptz[], $9::text[], $10::bigint[])
                as r (id, tenant_id, workspace_id, thread_id, account_id, direction, status, placed_at, state, version)
            where message.id = r.id and message.version <= r.version
            """,
            *as_columns(values),
        )


async def _save_suppressions(connection: Connection, rows: Sequence[SuppressionRow]) -> None:
    values = [
        (
            row.id, row.tenant_id, row.workspace_id, state.address, row.is_deleted, state.suppressed_at,
            state.model_dump_json(), row.version,
        )
        for row in rows
        if (state := row.state) is not None
    ]  # fmt: skip
    if values:
        await connection.execute(
            """
            update suppression set tenant_id = r.tenant_id, workspace_id = r.workspace_id, address = r.address,
                is_deleted = r.is_deleted, suppressed_at = r.suppressed_at, state = r.state::jsonb, version = r.version
            from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bool[], $6::timestamptz[], $7::text[],
                $8::bigint[])
                as r (id, tenant_id, workspace_id, address, is_deleted, suppressed_at, state, version)
            where suppression.id = r.id and suppression.version <= r.version
            """,
            *as_columns(values),
        )


async def _forget(connection: Connection, threads: Sequence[UUID], messages: Sequence[UUID]) -> None:
    await connection.execute(
        "delete from message where thread_id = any($1::uuid[]) or id = any($2::uuid[])", threads, messages
    )
