"""`Idempotency-Key`: one effect and one response per key, secrets and all, for 24 hours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from tests.contract.puffle.driver import faulty
from tests.contract.sendmux.driver import (
    DOMAINS,
    MAILBOXES,
    Json,
    Sendmux,
    data_of,
    effects,
    error_of,
    fresh,
    keyed,
    login_works,
    refused,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract

RUNNING = "This request is already being processed."
REUSED = "Idempotency-Key was reused with a different request body."


@pytest.fixture(scope="module")
async def database(stack: RunningStack) -> AsyncIterator[asyncpg.Connection]:
    """The stack's database, as its administrator sees it."""
    connection = await asyncpg.connect(stack.database_url)
    yield connection
    await connection.close()


@contract("S4-14", "S4-15", "S4-43", "A45", "A59")
async def test_a_replay_is_the_first_response_byte_by_byte_with_its_headers_and_secrets(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email, headers = f"{fresh('again')}@{domain['domain']}", keyed(fresh("key"))
    first = await sendmux.create(email, headers)

    replay = await sendmux.create(email, headers)

    assert replay.status_code == first.status_code == 201
    assert replay.content == first.content
    for header in ("location", "x-request-id", "content-type"):
        assert replay.headers[header] == first.headers[header]
    data = data_of(replay)
    assert data["api_key"]["key"].startswith("smx_mbx_")
    assert login_works(sim, data["imap_smtp_credentials"]["password"], email)
    assert effects(sim, email) == ["inbox.created", "key.created"]


@contract("S4-16")
async def test_another_body_under_the_same_key_is_a_conflict_and_changes_nothing(
    sendmux: Sendmux, domain: Json
) -> None:
    headers = keyed(fresh("key"))
    first = await sendmux.create(f"{fresh('one')}@{domain['domain']}", headers)

    other = await sendmux.create(f"{fresh('two')}@{domain['domain']}", headers)
    replay = await sendmux.create(data_of(first)["mailbox"]["email"], headers)

    assert refused(other) == (409, "idempotency_conflict")
    assert error_of(other)["message"] == REUSED
    assert replay.content == first.content


@contract("A54")
async def test_the_body_is_compared_as_json_and_not_by_its_bytes(sendmux: Sendmux, domain: Json) -> None:
    email, headers = f"{fresh('words')}@{domain['domain']}", keyed(fresh("key"))
    first = await sendmux.create(email, headers, display_name="A", quota_bytes=5)

    turned = await sendmux.http.post(
        MAILBOXES,
        content=json.dumps({"quota_bytes": 5, "display_name": "A", "email": email}, indent=4),
        headers={**headers, "Content-Type": "application/json"},
    )
    other = await sendmux.create(email, headers, display_name="A", quota_bytes=6)

    assert turned.content == first.content
    assert refused(other) == (409, "idempotency_conflict")


@contract("A51")
async def test_a_repetition_while_the_first_is_running_is_a_conflict(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email, headers = f"{fresh('slow-inbox')}@{domain['domain']}", keyed(fresh("key"))
    first = await sendmux.create(email, {**headers, "Prefer": "respond-async"})
    assert first.status_code == 202

    again = await sendmux.create(email, headers)

    assert refused(again) == (409, "idempotency_conflict")
    assert error_of(again)["message"] == RUNNING
    assert error_of(again)["retryable"] is False

    async def done() -> bool:
        return (await sendmux.create(email, headers)).status_code == 201

    assert await eventually(done, every=0.2)
    assert effects(sim, email).count("inbox.created") == 1


@contract("S4-19")
async def test_without_the_header_a_repetition_is_another_request(sendmux: Sendmux, domain: Json) -> None:
    email = f"{fresh('bare')}@{domain['domain']}"
    await sendmux.made(email)

    assert refused(await sendmux.create(email)) == (409, "conflict")


@contract("S4-18")
async def test_a_key_is_one_teams_and_one_endpoints(sendmux: Sendmux, stranger: Sendmux) -> None:
    headers = keyed(fresh("key"))
    ours = await sendmux.create(f"{fresh('ours')}@myagent.mx", headers)
    theirs = await stranger.create(f"{fresh('theirs')}@myagent.mx", headers)
    elsewhere = await sendmux.http.post(DOMAINS, json={"domain": f"{fresh('d')}.example"}, headers=headers)

    assert [each.status_code for each in (ours, theirs, elsewhere)] == [201, 201, 201]


@contract("S4-18")
async def test_for_calls_without_a_body_another_target_is_the_conflict(
    sendmux: Sendmux, domain: Json
) -> None:
    one, two, headers = await sendmux.mailbox(domain), await sendmux.mailbox(domain), keyed(fresh("key"))
    first = await sendmux.http.post(f"{MAILBOXES}/{one['id']}/suspend", headers=headers)

    again = await sendmux.http.post(f"{MAILBOXES}/{one['id']}/suspend", headers=headers)
    other = await sendmux.http.post(f"{MAILBOXES}/{two['id']}/suspend", headers=headers)

    assert again.content == first.content
    assert refused(other) == (409, "idempotency_conflict")
    assert (await sendmux.read(two))["status"] == "active"


@contract("A52")
async def test_a_refusal_is_replayed_and_trouble_of_ours_is_not(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    taken, headers = await sendmux.mailbox(domain), keyed(fresh("key"))
    refusals = [await sendmux.create(taken["email"], headers) for _ in range(2)]

    email, again = f"{fresh('trouble')}@{domain['domain']}", keyed(fresh("key"))
    with faulty(sim, "agentmail", "inboxes.create", "status", status=422, match=email):
        trouble = await sendmux.create(email, again)

    assert refused(refusals[0]) == (409, "conflict")
    assert refusals[0].content == refusals[1].content
    assert refused(trouble) == (503, "service_unavailable")

    async def made() -> bool:
        return (await sendmux.create(email, again)).status_code == 201

    assert await eventually(made)


@contract("S4-14", "A50")
@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel", "two\tparts"])
async def test_a_key_that_is_none_is_refused_and_not_ignored(
    sendmux: Sendmux, domain: Json, sim: Simulated, key: str
) -> None:
    email = f"{fresh('keyless')}@{domain['domain']}"

    answer = await sendmux.http.post(
        MAILBOXES, json={"email": email}, headers=[(b"Idempotency-Key", key.encode())]
    )

    assert refused(answer) == (400, "invalid_parameter")
    assert error_of(answer)["param"] == "Idempotency-Key"
    assert effects(sim, email) == []


async def test_the_longest_key_is_one(sendmux: Sendmux, domain: Json) -> None:
    email, headers = f"{fresh('long')}@{domain['domain']}", keyed(fresh("k" * 245).ljust(255, "k"))

    assert (await sendmux.create(email, headers)).content == (await sendmux.create(email, headers)).content


@pytest.mark.parametrize("name", ["idempotency_key", "idempotencyKey", "Idempotency-Key"])
async def test_a_key_in_the_body_is_refused(sendmux: Sendmux, domain: Json, name: str) -> None:
    body = {"email": f"{fresh('inside')}@{domain['domain']}", name: "key"}

    answer = await sendmux.http.post(MAILBOXES, json=body)

    assert refused(answer) == (422, "validation_error")
    assert error_of(answer)["param"] == name


@contract("S4-17", "A53")
async def test_a_key_is_remembered_for_24_hours_from_its_first_use(
    sendmux: Sendmux, domain: Json, database: asyncpg.Connection
) -> None:
    email, key = f"{fresh('day')}@{domain['domain']}", fresh("key")
    await sendmux.create(email, keyed(key))
    find = "from gateway.request where idempotency_key = $1"
    row = await database.fetchrow(f"select accepted_at, expires_at {find}", key)
    assert row is not None
    assert row["expires_at"] - row["accepted_at"] == timedelta(hours=24)

    await database.execute(
        "update gateway.request set accepted_at = accepted_at - interval '24 hours',"
        " expires_at = expires_at - interval '24 hours' where idempotency_key = $1",
        key,
    )
    later = await sendmux.create(email, keyed(key))

    assert refused(later) == (409, "conflict"), "the key starts afresh, and the address is taken"


@contract("A45", "S4-43")
async def test_what_is_kept_for_replays_shows_no_secret(
    sendmux: Sendmux, domain: Json, database: asyncpg.Connection
) -> None:
    key = fresh("key")
    data = data_of(await sendmux.create(f"{fresh('sealed')}@{domain['domain']}", keyed(key)))

    row = await database.fetchrow("select * from gateway.request where idempotency_key = $1", key)

    assert row is not None
    assert row["body_wrapped_key"] is not None
    kept = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
    for secret in (data["api_key"]["key"], data["imap_smtp_credentials"]["password"]):
        assert secret.encode() not in kept
    for table in ("event", "event_log", "event_pending"):
        rows = await database.fetch(f"select data from gateway.{table}")
        assert not any(data["imap_smtp_credentials"]["password"] in str(each["data"]) for each in rows)
