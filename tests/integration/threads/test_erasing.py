"""A client erases a thread: what was written in it goes, and nothing that is under way is lost sight of."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from uuid import UUID

import pytest

from shared.contracts.envelope import THREADS, Received
from shared.contracts.requests import Request
from shared.contracts.threads import (
    MessageSendRequested,
    ThreadChangeRequested,
    ThreadChanges,
    ThreadRequested,
)
from shared.db.pool import Connection, Pool
from shared.errors import Poison
from shared.messaging.batch import Batches
from shared.messaging.dead_letters import RawRecord
from shared.messaging.wire import Entry, encode_data, envelope_headers
from tests.integration.threads.bench import CALLER, HELLO, TENANT, WORKSPACE, Bench, ids


@pytest.mark.promise("I14")
async def test_everything_that_was_written_goes_and_an_empty_row_stays(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account, participant_name="Ann")
    message, request = await bench.send(thread)
    await bench.change(thread, HELLO, ("text",))
    kept, _ = await bench.draft(account, "bob@example.com")

    erasure = await bench.erase(thread)

    assert (await bench.done(erasure))["needs"] == {"thread": 5}
    failed = await bench.answer(request)
    assert (failed["outcome"], failed["code"]) == ("failed", "thread_erased")
    facts = await bench.facts(thread)
    assert [fact.name for fact in facts[-2:]] == ["message_failed", "erased"]
    state = facts[-1].data["thread"]
    assert (state["status"], state["participant_email"], state["participant_name"]) == ("erased", None, None)
    row = await bench.row("message", message)
    assert (row["from_email"], row["to_email"], row["due_at"]) == ("", "", None)
    assert await bench.pieces() == 1
    assert await bench.sent_on(account) == 0
    again, request = await bench.draft(account, "ann@example.com")
    await bench.done(request)
    assert await bench.code(await bench.erase(thread)) == "thread_not_found"
    assert await bench.code(await bench.change(thread, participant_name="X")) == "thread_not_found"
    assert await bench.code((await bench.send(thread))[1]) == "thread_not_found"
    assert await bench.names(kept) == await bench.names(again) == ["drafted"]


async def test_a_thread_whose_message_is_being_sent_waits(bench: Bench) -> None:
    thread, _ = await bench.draft(await bench.account())
    message, _ = await bench.send(thread)
    await bench.pool.execute("update message set intent_at = now() where id = $1", message)

    request = await bench.erase(thread)

    assert await bench.code(request) == "message_under_way"
    assert await bench.names(thread) == ["drafted", "message_queued"]
    assert await bench.pieces() == 1


async def keep_record(pool: Pool, table: str, thread: UUID, value: bytes) -> None:
    """Keep a record of a thread as one that could not be handled, or not yet."""
    headers = [["ce_type", "dHlwZQ=="], ["ce_subject", base64.b64encode(str(thread).encode()).decode()]]
    more = {"dead_letters": "code", "parked": "event_id, source, due_at"}[table]
    values = {"dead_letters": "'x'", "parked": "gen_random_uuid(), 'gateway', now()"}[table]
    await pool.execute(
        f"""
        insert into {table} (topic, partition, record_offset, headers, value, reason, {more})
        values ('mailwright.threads.v1', 0, (random() * 1e9)::bigint, $1, $2, '', {values})
        """,
        headers,
        value,
    )


async def holding(pool: Pool, *words: str) -> set[str]:
    """Return which tables of the service hold a word, in text or in bytes."""
    tables = await pool.fetch("select tablename as name from pg_tables where schemaname = 'threads'")
    patterns = [f"%{form}%" for word in words for form in (word, word.encode().hex())]
    query = "select exists (select from {} t where t::text like any($1))"
    return {row["name"] for row in tables if await pool.fetchval(query.format(row["name"]), patterns)}


@pytest.mark.promise("I14")
async def test_nobody_is_named_any_more_wherever_the_thread_was_told_of(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account, participant_name="Ann Other")
    await bench.change(thread, participant_name="Ann Another")
    _, request = await bench.send(thread)
    pool = bench.pool
    await pool.execute(
        """
        insert into event_log (partition, position, topic, event_id, type, subject, event_time, tenant_id, data)
        select 0, id, topic, event_id, type, subject, event_time, tenant_id, data from event_pending where subject = $1
        """,
        thread,
    )
    said = {"details": {"address": "ann@example.com"}, "request_id": str(request)}
    await pool.execute(
        "update handled_request set answer = $2, answer_type = 'x' where request_id = $1",
        request,
        json.dumps(said).encode(),
    )
    for table in ("parked", "dead_letters"):
        await keep_record(pool, table, thread, b'{"participant_email": "ann@example.com"}')
    await keep_record(pool, "dead_letters", thread, b"\xff{ann@example.com")
    kept, _ = await bench.draft(account, "bob@example.com")
    everywhere = {
        "event_pending",
        "event_log",
        "handled_request",
        "parked",
        "dead_letters",
        "thread",
        "message",
    }
    assert await holding(pool, "ann@example.com") == everywhere

    await bench.done(await bench.erase(thread))

    assert await holding(pool, "ann@example.com", "Ann Other", "Ann Another") == set()
    assert (await bench.facts(kept))[0].data["thread"]["participant_email"] == "bob@example.com"
    assert await holding(pool, "bob@example.com") == {"event_pending", "thread"}


@pytest.mark.promise("R18", "I14")
async def test_a_request_that_dies_lets_go_of_what_it_brought(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account)
    message, request = await bench.send(thread)
    under_way = (await bench.row("message", message))["content_ref"]
    drafted, changed, written = [await bench.write(HELLO, thread, "draft") for _ in range(3)]
    died = [
        ThreadRequested(caller=CALLER, workspace_id=WORKSPACE, draft_ref=drafted),
        ThreadChangeRequested(caller=CALLER, changes=ThreadChanges(), draft_ref=changed),
        MessageSendRequested(caller=CALLER, message_id=ids.new(), content_ref=written),
    ]
    again = MessageSendRequested(caller=CALLER, message_id=message, content_ref=under_way)

    requests = [await dies(bench, each, thread, place) for place, each in enumerate(died, 1)]
    await dies(bench, again, thread, 4, request)

    assert {(await bench.answer(each))["outcome"] for each in requests} == {"failed"}
    assert await bench.pieces() == 1
    assert await bench.content(under_way) is not None, "the message is still to be sent"
    assert await bench.pool.fetchval("select count(*) from dead_letters") == 4


async def dies(bench: Bench, data: Request, thread: UUID, place: int, request_id: UUID | None = None) -> UUID:
    """Let a request arrive which the service cannot handle; return its id."""
    request_id = request_id or ids.new()
    told = bench.recorder.event(
        data, subject=thread, tenant_id=TENANT, workspace_id=WORKSPACE, request_id=request_id
    )
    entry = Entry(
        THREADS, 0, place, told.id, data.TYPE, thread, told.time, None, TENANT, WORKSPACE, request_id, None, None,
        encode_data(told),
    )  # fmt: skip
    headers = tuple(envelope_headers(entry, source="gateway"))

    async def fail(_: Connection, __: Sequence[Received]) -> None:
        raise Poison("Nobody can do this.")

    batches = Batches("threads", bench.pool, fail, bench.recorder, frozenset({type(data)}))
    await batches.handle([RawRecord(THREADS, 0, place, None, entry.data, headers)])
    return request_id
