"""Threads at the gateway, their owner played by the test: content with requests, facts into rows, what is read and forgotten."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.gateway.rebuild import rebuild
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.answers import Outcome
from shared.contracts.envelope import Recorded
from shared.contracts.threads import (
    Direction,
    MessageStatus,
    ThreadChangeRequested,
    ThreadState,
    ThreadStatus,
)
from tests.support.gateway import GatewaySide, Key, answer_to
from tests.support.gateway_events import recorded
from tests.support.thread_events import message_fact, message_state, thread_fact, thread_state

THREADS = "/api/threads"
ASYNC = {"Prefer": "respond-async"}
THREAD = UUID("0199aaaa-0000-7000-8000-000000000070")
SECRET = "a word that nobody else may read"
BODY = {"participant_email": "Grace@Example.com", "draft_subject": SECRET, "draft_body_text": SECRET}


def owned(key: Key) -> dict[str, Any]:
    """What makes a state belong to the key's workspace."""
    return {"tenant_id": key.tenant_id, "workspace_id": key.workspace_id, "user_id": key.user_id}


def drafted(request: dict[str, Any], key: Key) -> Recorded:
    """The fact of a thread that a create request asked for."""
    data = request["data"]
    changes = {
        "participant_email": data["participant_email"],
        "draft_ref": UUID(data["draft_ref"]) if data["draft_ref"] else None,
        **owned(key),
    }
    return thread_fact(request["subject_id"], 1, **changes)


async def made(gateway: GatewaySide, api: httpx.AsyncClient, key: Key, **headers: str) -> httpx.Response:
    """Ask for a thread, answer for its owner, and return what the caller gets."""
    waiting = asyncio.create_task(api.post(THREADS, json=BODY, headers=headers))
    [request] = await gateway.open_requests()
    await gateway.project(drafted(request, key), answer_to(request, needs={"thread": 1}))
    return await waiting


async def conversation(gateway: GatewaySide, key: Key, thread_id: UUID, mails: int = 1) -> ThreadState:
    """Let a thread exist in which so many mails arrived."""
    thread = thread_state(
        thread_id, ThreadStatus.ACTIVE, received=mails, last_direction=Direction.INBOUND, **owned(key)
    )
    for number in range(1, mails + 1):
        message = message_state(UUID(int=thread_id.int + (number << 32)), thread_id, MessageStatus.RECEIVED)
        async with gateway.pool.acquire() as connection:
            await parts.put(
                connection,
                id=message.content_ref,
                tenant_id=key.tenant_id,
                workspace_id=key.workspace_id,
                thread_id=thread_id,
                kind="message",
                body=MailContent(subject="Hi", text=SECRET),
            )
        so_far = thread.model_copy(update={"received": number})
        await gateway.project(message_fact(so_far, number, message))
    return thread


@pytest.mark.contract("S3-4", "S3-11")
async def test_what_is_written_is_kept_with_the_request_and_not_in_it(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    answer = await api.post(THREADS, json=BODY, headers=ASYNC)

    assert answer.status_code == 202, answer.text
    [request] = await gateway.open_requests()
    [event] = await gateway.events()
    assert event["request_id"] == request["id"]
    assert SECRET not in str(request) + str(event["data"])
    row = await gateway.pool.fetchrow("select * from content.part")
    assert row is not None
    assert str(row["id"]) == request["data"]["draft_ref"]
    assert (row["thread_id"], row["workspace_id"]) == (request["subject_id"], key.workspace_id)
    shown = answer.json()["thread"]
    assert (shown["participant_email"], shown["draft_subject"]) == ("grace@example.com", SECRET)
    assert (await api.get(answer.headers["location"])).json()["thread"] == shown


@pytest.mark.promise("R15")
async def test_calls_with_one_key_keep_one_draft(gateway: GatewaySide, api: httpx.AsyncClient) -> None:
    calls = [api.post(THREADS, json=BODY, headers={"Idempotency-Key": "k", **ASYNC}) for _ in range(30)]

    answers = await asyncio.gather(*calls)

    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["thread"]["id"] for each in answers}) == 1
    assert await gateway.pool.fetchval("select count(*) from content.part") == 1
    assert len(await gateway.events()) == 1


@pytest.mark.contract("S3-21", "S3-24")
async def test_a_waiting_call_gets_its_draft(gateway: GatewaySide, api: httpx.AsyncClient, key: Key) -> None:
    answer = await made(gateway, api, key)

    assert answer.status_code == 201, answer.text
    thread = answer.json()["thread"]
    assert (thread["status"], thread["draft_subject"]) == ("draft", SECRET)
    assert (await api.get(answer.headers["location"])).json()["thread"] == thread


@pytest.mark.contract("S3-27", "S3-28")
async def test_a_refusal_waits_for_the_thread_that_it_names(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    existing = UUID(int=0x77)
    waiting = asyncio.create_task(api.post(THREADS, json=BODY))
    [request] = await gateway.open_requests()
    refused = {"code": "thread_exists", "message": "It is there.", "needs": {"thread": 2}}
    await gateway.project(answer_to(request, Outcome.REFUSED, subject_id=existing, **refused))
    await gateway.project(thread_fact(existing, 1, participant_email="grace@example.com", **owned(key)))
    assert not waiting.done()
    await gateway.project(thread_fact(existing, 2, participant_email="grace@example.com", **owned(key)))

    answer = await waiting

    assert (answer.status_code, answer.json()["code"]) == (409, "thread_exists")
    assert answer.json()["existing_thread"]["id"] == str(existing)
    assert answer.json()["existing_threads"]["total"] == 1


async def test_what_is_unread_is_what_arrived_since_somebody_read(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    thread_id = THREAD
    path = f"{THREADS}/{thread_id}"
    thread = await conversation(gateway, key, thread_id, mails=3)

    listed = (await api.get(THREADS)).json()["threads"]
    assert [(each["id"], each["unread_count"]) for each in listed] == [(str(thread_id), 3)]
    details = (await api.get(path)).json()
    assert [each["body_text"] for each in details["messages"]] == [SECRET] * 3
    assert (await api.get(THREADS)).json()["threads"][0]["unread_count"] == 0

    more = thread.model_copy(update={"received": 4})
    message = message_state(UUID(int=0x7099), thread_id, MessageStatus.RECEIVED)
    await gateway.project(message_fact(more, 4, message))
    assert (await api.get(THREADS)).json()["threads"][0]["unread_count"] == 1
    for unread, shown in ((2, 2), (9, 4), (0, 0)):
        marked = await api.patch(path, json={"unread_count": unread})
        assert marked.json()["thread"]["unread_count"] == shown
    assert await gateway.pool.fetchval("select count(*) from request") == 0


async def test_what_an_erased_thread_said_is_forgotten_everywhere(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    answer = await made(gateway, api, key, **{"Idempotency-Key": "k"})
    thread_id = UUID(answer.json()["thread"]["id"])
    waiting = asyncio.create_task(api.delete(f"{THREADS}/{thread_id}"))
    [request] = await gateway.open_requests()

    erased = thread_fact(thread_id, 2, ThreadStatus.ERASED, participant_email=None, **owned(key))
    await gateway.project(erased, answer_to(request, needs={"thread": 2}))

    gone = await waiting
    assert (gone.status_code, gone.json()) == (200, {"success": True})
    rows = await gateway.pool.fetch("select * from request where body is not null")
    assert [row["kind"] for row in rows] == ["thread.erase"]
    assert (await api.get(f"{THREADS}/{thread_id}")).status_code == 404
    again = await api.post(THREADS, json=BODY, headers={"Idempotency-Key": "k", **ASYNC})
    assert again.json()["thread"]["id"] != str(thread_id)


@pytest.mark.promise("R31")
async def test_a_connection_of_another_tenant_sees_nothing_of_a_thread(
    gateway: GatewaySide, key: Key
) -> None:
    thread_id = THREAD
    await conversation(gateway, key, thread_id)
    stranger, sibling = await gateway.key("Other"), await gateway.key("Acme", "Second")

    for other in (stranger, sibling):
        async with gateway.client(other) as api:
            for path in (f"{THREADS}/{thread_id}", f"{THREADS}/{thread_id}/messages"):
                assert (await api.get(path)).status_code == 404
            assert (await api.get(THREADS, params={"bounced": "false"})).json()["total"] == 0
    async with gateway.client(key) as api:
        assert (await api.get(THREADS)).json()["total"] == 1
    async with gateway.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local role mailwright_gateway_request")
        for tenant, workspace, seen in (
            (stranger.tenant_id, stranger.workspace_id, 0),
            (key.tenant_id, sibling.workspace_id, 0),
            (key.tenant_id, key.workspace_id, 1),
        ):
            await connection.execute(
                "select set_config('app.tenant', $1, true), set_config('app.workspace', $2, true)",
                str(tenant),
                str(workspace),
            )
            for table in ("thread", "message", "content.part"):
                assert await connection.fetchval(f"select count(*) from {table}") == seen, table


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", THREADS, "threads:read"),
        ("POST", THREADS, "threads:write"),
        ("POST", f"{THREADS}/{UUID(int=1 << 100)}/messages", "threads:send"),
        ("GET", "/api/suppressions", "threads:read"),
        ("DELETE", "/api/suppressions/a@example.com", "threads:write"),
    ],
)
async def test_each_call_needs_its_own_scope(
    gateway: GatewaySide, method: str, path: str, scope: str
) -> None:
    others = tuple({"threads:read", "threads:write", "threads:send"} - {scope})
    async with gateway.client(await gateway.key(scopes=others)) as api:
        answer = await api.request(method, path, json=BODY if method == "POST" else None)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert scope in answer.json()["error"]


async def naming(gateway: GatewaySide, *words: str) -> set[str]:
    """Return which of the gateway's tables hold one of these words, in text or in bytes."""
    tables = await gateway.pool.fetch("select tablename as name from pg_tables where schemaname = 'gateway'")
    patterns = [f"%{form}%" for word in words for form in (word, word.encode().hex())]
    query = "select exists (select from {} t where t::text like any($1))"
    return {row["name"] for row in tables if await gateway.pool.fetchval(query.format(row["name"]), patterns)}


@pytest.mark.promise("I14", "R23")
async def test_an_erased_thread_names_nobody_whatever_was_under_way(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    thread_id = UUID((await made(gateway, api, key)).json()["thread"]["id"])
    for name in ("Grace Hopper", "Amazing Grace"):
        await api.patch(f"{THREADS}/{thread_id}", json={"participant_name": name}, headers=ASYNC)
    first, second = await gateway.open_requests(2)
    asked = [change_of(each, key) for each in await gateway.events() if each["request_id"] == second["id"]]
    grace = {"participant_email": "grace@example.com", "participant_name": "Grace Hopper", **owned(key)}
    nobody = {**grace, "participant_email": None, "participant_name": None}
    assert await naming(gateway, "grace@") >= {"request", "event", "thread", "event_pending"}

    await gateway.project(
        thread_fact(thread_id, 2, **grace),
        answer_to(first, needs={"thread": 2}),
        thread_fact(thread_id, 3, ThreadStatus.ERASED, **nobody),
    )
    assert await naming(gateway, "grace@", "Grace") == set()
    refusal = {"code": "recipient_suppressed", "message": "No.", "details": {"address": "grace@example.com"}}
    await gateway.project(*asked, answer_to(second, Outcome.REFUSED, **refusal))

    assert await naming(gateway, "grace@", "Grace") == set()
    assert len(asked) == 1
    assert (await rebuild(gateway.database_url, is_swapped=False)).is_identical


@pytest.mark.promise("I14")
@pytest.mark.parametrize(
    "is_said", [True, False], ids=["of this code", "of code that did not say what it shows"]
)
async def test_answers_about_other_threads_do_not_show_an_erased_one(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key, is_said: bool
) -> None:
    hopper = {"participant_email": "grace@example.com", "participant_name": "Hopper", **owned(key)}
    await gateway.project(thread_fact(THREAD, 1, **hopper))
    shown = await made(gateway, api, key)
    assert shown.json()["existing_threads"]["threads"][0]["participant_name"] == "Hopper"
    assert await gateway.pool.fetchval("select shown from request") == [THREAD]
    if not is_said:
        await gateway.pool.execute("update request set shown = null")

    nobody = {**hopper, "participant_email": None, "participant_name": None}
    await gateway.project(thread_fact(THREAD, 2, ThreadStatus.ERASED, **nobody))

    assert await naming(gateway, "Hopper") == set()
    assert await naming(gateway, "grace@") >= {"thread", "event"}


@pytest.mark.promise("I14")
async def test_an_answer_that_says_what_it_shows_is_found_without_reading_the_others(
    gateway: GatewaySide, api: httpx.AsyncClient, key: Key
) -> None:
    shown = await made(gateway, api, key)
    [subject] = await gateway.pool.fetch("select subject_id from request")
    await gateway.pool.execute("update request set body = body || $1", str(THREAD).encode())

    await gateway.project(
        thread_fact(THREAD, 1, participant_email="alan@example.com", **owned(key)),
        thread_fact(THREAD, 2, ThreadStatus.ERASED, participant_email=None, **owned(key)),
    )

    kept = await gateway.pool.fetchval(
        "select body from request where subject_id = $1", subject["subject_id"]
    )
    assert kept == shown.content + str(THREAD).encode(), "words that happen to be an id show no thread"


@pytest.mark.promise("I14")
async def test_a_refused_creation_names_nobody_because_nobody_could_erase_it(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    asking = asyncio.create_task(api.post(THREADS, json=BODY))
    [request] = await gateway.open_requests()

    await gateway.project(answer_to(request, Outcome.REFUSED, code="account_not_found", message="No."))

    assert (await asking).status_code == 404
    assert await naming(gateway, "grace@") == set()


def change_of(row: dict[str, Any], key: Key) -> Recorded:
    """A request for a change as it was told before anybody was taken out of it."""
    data = ThreadChangeRequested.model_validate_json(row["data"])
    owner: dict[str, Any] = {"tenant_id": key.tenant_id, "workspace_id": key.workspace_id}
    return recorded(data, row["subject"], request_id=row["request_id"], **owner)
