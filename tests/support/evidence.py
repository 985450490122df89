"""What a run left behind: the callers' answers, the providers' ledger and objects, the event logs and the projection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from shared.contracts.envelope import ACCOUNTS, DOMAINS, THREADS
from tests.support.callers import Answer

SERVICES = ("gateway", "provisioner", "warmup", "threads")
READS = {
    "gateway": frozenset({ACCOUNTS, DOMAINS, THREADS}),
    "threads": frozenset({ACCOUNTS, THREADS}),
    "provisioner": frozenset({ACCOUNTS, DOMAINS}),
    "warmup": frozenset({ACCOUNTS}),
}
"""The topics each service must have read to the end, whoever produced what is in them."""
Json = dict[str, Any]
Stream = tuple[str, str, int]
"""A producer, a topic and a partition."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One event at its place in its producer's log."""

    source: str
    topic: str
    partition: int
    position: int
    id: UUID
    type: str
    subject: UUID
    time: datetime
    sequence: int | None
    request_id: UUID | None
    causation_id: UUID | None
    data: Json

    @property
    def kind(self) -> str:
        """The type without our name and version: `account.reserved`."""
        return self.type.removeprefix("mailwright.").rsplit(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the gateway keeps it."""

    id: UUID
    kind: str
    subject: UUID
    is_open: bool
    status: int | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An account as the gateway's projection shows it."""

    id: UUID
    address: str | None
    status: str | None
    warmup_status: str | None
    account_version: int
    warmup_version: int


@dataclass
class Evidence:
    """Everything the invariants are judged from. `positions` says how far each consumer has read each stream."""

    answers: Sequence[Answer] = ()
    ledger: Sequence[Json] = ()
    objects: Mapping[str, Any] = field(default_factory=dict)
    log: Sequence[Logged] = ()
    requests: Sequence[Asked] = ()
    accounts: Mapping[UUID, Shown] = field(default_factory=dict)
    gone: Mapping[UUID, Shown] = field(default_factory=dict)
    """The tombstones of deleted accounts."""
    versions: Mapping[tuple[str, UUID], int] = field(default_factory=dict)
    """The versions at which threads and suppressions are shown, by the aggregate's name and id."""
    burned: frozenset[str] = frozenset()
    """Addresses that nobody can have any more."""
    received: frozenset[UUID] = frozenset()
    """Ids of the events the gateway has."""
    published: Mapping[Stream, int] = field(default_factory=dict)
    positions: Mapping[tuple[str, Stream], int] = field(default_factory=dict)
    drift: Sequence[str] = ()
    """Where the projection differs from the fold of its events, as its own verification words it."""
    unpublished: Sequence[str] = ()
    """Events that wait to be published."""
    unhandled: Sequence[str] = ()
    """Records that were set aside, records that died, and gaps in what was read."""

    def facts(self) -> dict[tuple[str, UUID], list[Logged]]:
        """Return every aggregate's facts (`account`, `warmup`, `domain` and its id) in the order they were logged."""
        found: dict[tuple[str, UUID], list[Logged]] = {}
        for event in self.log:
            if event.sequence is not None:
                found.setdefault((event.kind.partition(".")[0], event.subject), []).append(event)
        return found


async def collect(
    connection: asyncpg.Connection[asyncpg.Record],
    simulator_url: str,
    answers: Sequence[Answer],
    drift: Sequence[str],
) -> Evidence:
    """Read everything from a quiet stack; `connection` is in a transaction that sees one instant of the database."""
    async with httpx.AsyncClient(base_url=simulator_url, trust_env=False, timeout=30.0) as simulator:
        ledger = (await simulator.get("/_sim/ledger", params={"after": 0})).json()["entries"]
        objects = (await simulator.get("/_sim/state")).json()
    received = await connection.fetch("select event_id from gateway.event")
    return Evidence(
        answers=answers,
        ledger=ledger,
        objects=objects,
        log=[event for service in SERVICES for event in await _log(connection, service)],
        requests=await _requests(connection),
        accounts=await _accounts(connection, are_deleted=False),
        gone=await _accounts(connection, are_deleted=True),
        versions=await _versions(connection),
        burned=await _burned(connection),
        received=frozenset(row["event_id"] for row in received),
        published=await published(connection),
        positions=await positions(connection),
        drift=drift,
        unpublished=await unpublished(connection),
        unhandled=await unhandled(connection),
    )


async def _log(connection: asyncpg.Connection[asyncpg.Record], service: str) -> list[Logged]:
    rows = await connection.fetch(
        f"""
        select topic, partition, position, event_id as id, type, subject, event_time as time, sequence, request_id,
            causation_id, convert_from(data, 'UTF8') as data
        from {service}.event_log order by topic, partition, position
        """
    )
    return [Logged(service, **{**row, "data": json.loads(row["data"])}) for row in rows]


async def _requests(connection: asyncpg.Connection[asyncpg.Record]) -> list[Asked]:
    rows = await connection.fetch(
        "select id, kind, subject_id, state = 'open' as is_open, status, code from gateway.request"
    )
    return [Asked(*tuple(row)) for row in rows]


async def _accounts(
    connection: asyncpg.Connection[asyncpg.Record], *, are_deleted: bool
) -> dict[UUID, Shown]:
    rows = await connection.fetch(
        """
        select id, address, status, warmup_status, account_version, warmup_version from gateway.account
        where is_deleted = $1
        """,
        are_deleted,
    )
    return {row["id"]: Shown(*tuple(row)) for row in rows}


async def _versions(connection: asyncpg.Connection[asyncpg.Record]) -> dict[tuple[str, UUID], int]:
    return {
        (aggregate, row["id"]): row["version"]
        for aggregate in ("thread", "suppression")
        for row in await connection.fetch(f"select id, version from gateway.{aggregate}")
    }


async def _burned(connection: asyncpg.Connection[asyncpg.Record]) -> frozenset[str]:
    rows = await connection.fetch("select address from provisioner.address where state = 'burned'")
    return frozenset(row["address"] for row in rows)


async def published(connection: asyncpg.Connection[asyncpg.Record]) -> dict[Stream, int]:
    """Return how far each producer's log is published."""
    return {
        (service, row["topic"], row["partition"]): row["published"]
        for service in SERVICES
        for row in await connection.fetch(f"select topic, partition, published from {service}.relay_cursor")
    }


async def positions(connection: asyncpg.Connection[asyncpg.Record]) -> dict[tuple[str, Stream], int]:
    """Return how far each consumer has read each producer's log."""
    return {
        (service, (row["source"], row["topic"], row["partition"])): row["position"]
        for service in SERVICES
        for row in await connection.fetch(
            f"select source, topic, partition, position from {service}.consumer_position"
        )
    }


def behind(heads: Mapping[Stream, int], reached: Mapping[tuple[str, Stream], int]) -> Iterator[str]:
    """Yield where a consumer is not at the very end of what was published for it."""
    for stream, head in heads.items():
        for reader, topics in READS.items():
            position = reached.get((reader, stream), 0)
            if stream[1] in topics and position != head:
                yield f"{reader} has read {stream} to {position} of {head}"


async def unpublished(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Return a sentence for every service whose recorded events are not all on the broker."""
    found = await _counted(connection, "event_pending")
    for service in SERVICES:
        count = await connection.fetchval(
            f"select count(*) from {service}.relay_cursor where published <> logged"
        )
        if count:
            found.append(f"{count} partitions of {service} are logged further than published")
    return found


async def unhandled(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Return a sentence for every kind of record that a consumer did not simply handle, or has not got."""
    return await _counted(connection, "parked", "dead_letters", "consumer_gap")


async def _counted(connection: asyncpg.Connection[asyncpg.Record], *tables: str) -> list[str]:
    found = []
    for service in SERVICES:
        for table in tables:
            count = await connection.fetchval(f"select count(*) from {service}.{table}")
            if count:
                found.append(f"{count} rows in {table} of {service}")
    return found
