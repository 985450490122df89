"""Creating an inbox: what comes back, what is really made, and what a retry gets."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import datetime
from uuid import UUID

import pytest

from tests.contract.myagentmail.driver import (
    INBOXES,
    PLATFORM,
    SECRETS,
    Agent,
    Json,
    caller,
    created,
    error_of,
    fresh,
)
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract

FIELDS = {
    "id", "email", "canonicalEmail", "username", "domain", "displayName", "workspaceId", "addresses", "imap", "smtp",
    "createdAt",
}  # fmt: skip
"""What the reference shows of an inbox, its secrets aside."""
IMAP, SMTP = (
    {"host", "port", "tls", "username", "password"},
    {"host", "port", "starttls", "username", "password"},
)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(scope="module")
async def scout(agent: Agent) -> Json:
    """An inbox as its create call answered it."""
    return await agent.inbox(fresh("scout"), displayName="Scout")


# --- the first answer -------------------------------------------------------------------------------------------


@contract("S2-1", "S2-2", "S2-22", "S2-38")
async def test_post_creates_it_and_the_name_asked_for_is_the_name_given(agent: Agent) -> None:
    name = fresh("scout")

    answer = await agent.create(name)

    assert answer.status_code == 201, answer.text
    inbox = answer.json()
    assert answer.headers["location"] == f"{INBOXES}/{inbox['id']}"
    assert (inbox["username"], inbox["domain"], inbox["email"]) == (name, PLATFORM, f"{name}@{PLATFORM}")


@contract("S2-31", "S2-40", "S2-27")
async def test_the_body_is_the_inbox_with_its_secrets(scout: Json) -> None:
    assert set(scout) == FIELDS | SECRETS
    assert scout["displayName"] == "Scout"
    assert re.fullmatch(r"ak_\w+", scout["apiKey"])


@contract("S2-32")
async def test_ids_and_times_have_their_forms(scout: Json) -> None:
    for field in ("id", "workspaceId"):
        assert str(UUID(scout[field])) == scout[field]
    assert INSTANT.fullmatch(scout["createdAt"])
    datetime.fromisoformat(scout["createdAt"])


@contract("S2-34", "S2-35", "S2-36", "A40")
async def test_its_only_address_is_primary_and_canonical_and_names_no_tenant(scout: Json) -> None:
    assert scout["canonicalEmail"] == scout["email"] == f"{scout['username']}@{PLATFORM}"
    assert scout["addresses"] == [{"address": scout["email"], "isPrimary": True}]


@contract("S2-37", "S2-30")
async def test_mail_clients_log_in_as_the_canonical_address_with_a_password_that_the_provider_knows(
    scout: Json, sim: Simulated
) -> None:
    assert set(scout["imap"]) == IMAP
    assert set(scout["smtp"]) == SMTP
    assert (scout["imap"]["host"], scout["imap"]["port"], scout["imap"]["tls"]) == (
        "imap.agentmail.to",
        993,
        True,
    )
    assert (scout["smtp"]["host"], scout["smtp"]["port"], scout["smtp"]["starttls"]) == (
        "smtp.agentmail.to",
        465,
        False,
    )
    for server in (scout["imap"], scout["smtp"]):
        assert (server["username"], server["password"]) == (scout["canonicalEmail"], scout["imapPassword"])
    inbox = f"/agentmail/v0/inboxes/{scout['canonicalEmail']}"
    read = sim.http.get(inbox, headers={"authorization": f"Bearer {scout['imapPassword']}"})
    assert read.status_code == 200, read.text


@contract("S2-27", "S2-5")
async def test_the_inbox_key_reads_the_inbox_and_makes_none(scout: Json, stack: RunningStack) -> None:
    async with caller(stack, scout["apiKey"]) as itself:
        read = await itself.read(scout["id"])
        refused = await itself.create(fresh("more"))

    assert read["imapPassword"] == scout["imapPassword"]
    assert (refused.status_code, error_of(refused)) == (403, "FORBIDDEN")


@contract("S2-6", "S2-8", "S2-9", "S2-10", "S2-12", "S2-41", "A43")
@pytest.mark.parametrize(
    "body", [{}, {"username": None, "displayName": None, "domain": None, "workspaceId": None}]
)
async def test_everything_may_be_left_open_and_each_such_call_makes_another_inbox(
    agent: Agent, body: Json
) -> None:
    first, second = [await agent.http.post(INBOXES, json=body) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    one, other = first.json(), second.json()
    assert re.fullmatch(r"demo\d*", one["username"]), "made from the tenant's name, without its id"
    assert (one["domain"], one["displayName"]) == (PLATFORM, None)
    assert one["workspaceId"] == (await agent.default_workspace())["id"]
    assert one["email"] != other["email"]


@contract("S2-6")
async def test_a_call_without_any_body_is_as_good(agent: Agent) -> None:
    answer = await agent.http.post(INBOXES)

    assert answer.status_code == 201, answer.text


@contract("A43")
async def test_an_idempotency_key_makes_a_nameless_call_safe_to_repeat(agent: Agent) -> None:
    headers = {"Idempotency-Key": fresh("key")}

    answers = [await agent.create(headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.content for answer in answers}) == 1, "the secrets too"
    assert answers[2].headers["idempotent-replayed"] == "true"


async def test_fields_nobody_knows_are_ignored(agent: Agent) -> None:
    await agent.inbox(fresh("scout"), color="red", limit=2**70, ratio=1e300)


# --- asked again ------------------------------------------------------------------------------------------------


@contract("S2-14", "S2-15", "S2-16", "S2-17", "S2-28", "S2-38", "A34")
async def test_the_same_name_again_is_the_same_inbox_without_its_secrets(
    agent: Agent, scout: Json, sim: Simulated
) -> None:
    answer = await agent.create(scout["username"])

    assert answer.status_code == 200, answer.text
    inbox = answer.json()
    assert inbox.pop("existed") is True
    assert set(inbox) == FIELDS, "no key for a secret that is not shown"
    assert "password" not in inbox["imap"]
    assert "password" not in inbox["smtp"]
    assert inbox["id"] == scout["id"]
    assert scout["imapPassword"] not in answer.text
    assert created(sim, scout["username"]) == [scout["email"]]


@contract("A44")
async def test_another_display_name_changes_nothing_of_an_inbox_that_exists(
    agent: Agent, scout: Json
) -> None:
    answer = await agent.create(scout["username"], displayName="Somebody else")

    assert answer.json()["displayName"] == "Scout"
    assert (await agent.read(scout["id"]))["displayName"] == "Scout"


@contract("S2-26")
async def test_strict_returns_the_own_inbox_too(agent: Agent, scout: Json) -> None:
    answer = await agent.create(scout["username"], strict=True)

    assert (answer.status_code, answer.json()["id"]) == (200, scout["id"])


@contract("S2-17")
async def test_of_twenty_at_once_one_makes_it_and_the_others_get_it(agent: Agent, sim: Simulated) -> None:
    name = fresh("wanted")

    answers = await asyncio.gather(*(agent.create(name) for _ in range(20)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert created(sim, name) == [f"{name}@{PLATFORM}"]


@contract("S2-29", "A35")
async def test_get_shows_the_password_again_and_the_key_never(agent: Agent, scout: Json) -> None:
    read = await agent.read(scout["id"])

    assert (
        read["imapPassword"] == read["imap"]["password"] == read["smtp"]["password"] == scout["imapPassword"]
    )
    assert "apiKey" not in read
    assert {field: read[field] for field in FIELDS} == {field: scout[field] for field in FIELDS}
    assert (read["status"], read["metadata"], read["failure"]) == ("active", {}, None)


async def test_a_call_that_does_not_wait_is_told_where_to_look(agent: Agent) -> None:
    name = fresh("later")

    answer = await agent.create(name, headers={"Prefer": "respond-async"})

    assert answer.status_code == 202
    inbox = answer.json()
    assert answer.headers["location"] == f"{INBOXES}/{inbox['id']}"
    assert inbox["status"] == "provisioning"
    assert inbox["email"] in {None, f"{name}@{PLATFORM}"}, "null until the name is allocated"
    assert not SECRETS & set(inbox)
    await agent.ready(inbox["id"])
    again = await agent.create(name)
    assert (again.status_code, again.json()["id"]) == (200, inbox["id"])
