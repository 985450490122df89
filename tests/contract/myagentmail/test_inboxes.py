"""Reading, changing and removing inboxes and their addresses."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.contract.myagentmail.driver import INBOXES, PLATFORM, SECRETS, Agent, Json, error_of, fresh
from tests.support.simulator import Simulated

contract = pytest.mark.contract


@pytest.fixture(scope="module")
async def scout(agent: Agent) -> Json:
    """An inbox that no test removes."""
    return await agent.inbox(fresh("scout"), displayName="Scout")


@pytest.fixture(scope="module")
async def domain(agent: Agent) -> Json:
    """A verified domain of the default workspace."""
    return await agent.domain()


def at(inbox: Json, address: str = "") -> str:
    """Return the path of an inbox's addresses, or of one of them."""
    return f"{INBOXES}/{inbox['id']}/addresses" + (f"/{quote(address, safe='')}" if address else "")


# --- reading ----------------------------------------------------------------------------------------------------


@contract("A34", "A35", "S2-29")
async def test_a_list_shows_inboxes_newest_first_and_no_password(agent: Agent, scout: Json) -> None:
    later = await agent.inbox(fresh("scout"))

    listed = await agent.listed()

    ids = [each["id"] for each in listed]
    assert ids.index(later["id"]) < ids.index(scout["id"])
    for each in listed:
        assert not SECRETS & set(each)
        assert "password" not in each["imap"]
        assert "password" not in each["smtp"]


async def test_an_inbox_of_others_is_no_inbox(agent: Agent, stranger: Agent, scout: Json) -> None:
    for path in (f"{INBOXES}/{scout['id']}", f"{INBOXES}/{uuid4()}", f"{INBOXES}/scout"):
        for refused in (
            await stranger.http.get(path),
            await stranger.http.patch(path, json={"displayName": "Mine"}),
            await stranger.http.delete(path),
            await stranger.http.post(f"{path}/addresses", json={"email": f"{fresh('a')}x@{PLATFORM}"}),
            await stranger.http.delete(f"{path}/addresses/{quote(scout['email'], safe='')}"),
        ):
            assert (refused.status_code, error_of(refused)) == (404, "NOT_FOUND"), refused.request.url
    assert scout["id"] not in {each["id"] for each in await stranger.listed()}
    assert (await agent.read(scout["id"]))["displayName"] == "Scout"


# --- changing ---------------------------------------------------------------------------------------------------


async def test_a_change_of_name_and_metadata_is_in_force_when_it_is_answered(
    agent: Agent, sim: Simulated
) -> None:
    inbox = await agent.inbox(fresh("scout"), displayName="Scout")
    path = f"{INBOXES}/{inbox['id']}"

    named = await agent.http.patch(path, json={"displayName": "Scout II", "username": "other"})
    marked = await agent.http.patch(path, json={"metadata": {"team": {"name": "sales"}, "n": 1}})

    for answer in (named, marked):
        assert (answer.status_code, answer.json()) == (200, {"updated": True, "id": inbox["id"]})
    now = await agent.read(inbox["id"])
    assert (now["displayName"], now["metadata"]) == ("Scout II", {"team": {"name": "sales"}, "n": 1})
    assert (now["username"], now["canonicalEmail"]) == (inbox["username"], inbox["canonicalEmail"])
    shown = sim.http.get(f"/agentmail/v0/inboxes/{inbox['email']}").json()
    assert shown["display_name"] == "Scout II"


async def test_a_change_of_nothing_changes_nothing(agent: Agent, scout: Json) -> None:
    answer = await agent.http.patch(f"{INBOXES}/{scout['id']}", json={})

    assert (answer.status_code, answer.json()) == (200, {"updated": False, "id": scout["id"]})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"displayName": 7}, "displayName"),
        ({"displayName": "a\r\nBcc: everybody"}, "displayName"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"x": "\u0000"}}, "metadata"),
        ({"metadata": {"x": 2**70}}, "metadata"),
        ({"metadata": {"x": "y" * 5_000}}, "metadata"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(
    agent: Agent, scout: Json, body: Json, named: str
) -> None:
    answer = await agent.http.patch(f"{INBOXES}/{scout['id']}", json=body)

    assert (answer.status_code, error_of(answer)) == (400, "INVALID_REQUEST")
    assert named in answer.json()["error"]


# --- addresses --------------------------------------------------------------------------------------------------


@contract("S2-33", "S2-34", "S2-35")
async def test_a_new_primary_address_is_the_email_and_the_canonical_one_stays(
    agent: Agent, domain: Json
) -> None:
    inbox = await agent.inbox(fresh("scout"))
    alias = f"{fresh('hello')}x@{domain['domain']}"

    added = await agent.http.post(at(inbox), json={"email": alias})

    assert (added.status_code, added.json()) == (201, {"ok": True, "address": alias, "isPrimary": True})
    now = await agent.read(inbox["id"])
    assert (now["email"], now["canonicalEmail"]) == (alias, inbox["canonicalEmail"])
    assert now["imap"]["username"] == now["smtp"]["username"] == inbox["canonicalEmail"]
    assert now["addresses"] == [
        {"address": inbox["canonicalEmail"], "isPrimary": False},
        {"address": alias, "isPrimary": True},
    ]

    removed = await agent.http.delete(at(inbox, alias))

    assert (removed.status_code, removed.json()) == (200, {"deleted": True, "address": alias})
    after = await agent.read(inbox["id"])
    assert after["email"] == inbox["canonicalEmail"]
    assert after["addresses"] == inbox["addresses"]


@contract("S2-33", "S2-35")
async def test_a_secondary_address_leaves_the_email_as_it_is(agent: Agent, domain: Json) -> None:
    inbox = await agent.inbox(fresh("scout"))
    alias = f"{fresh('hello')}x@{domain['domain']}"

    added = await agent.http.post(at(inbox), json={"email": alias, "primary": False})

    assert added.json() == {"ok": True, "address": alias, "isPrimary": False}
    now = await agent.read(inbox["id"])
    assert now["email"] == inbox["email"]
    assert {"address": alias, "isPrimary": False} in now["addresses"]


async def test_an_address_that_exists_is_a_409_whosever_it_is(
    agent: Agent, stranger: Agent, domain: Json
) -> None:
    inbox, other = await agent.inbox(fresh("scout")), await agent.inbox(fresh("scout"))
    theirs = await stranger.inbox(fresh("scout"))
    alias = f"{fresh('hello')}x@{domain['domain']}"
    assert (await agent.http.post(at(inbox), json={"email": alias})).status_code == 201

    for taken in (alias, theirs["email"], other["email"]):
        refused = await agent.http.post(at(other), json={"email": taken})
        assert (refused.status_code, error_of(refused)) == (409, "ADDRESS_TAKEN"), taken
        assert theirs["id"] not in refused.text
    made = await agent.create(alias.partition("@")[0], domain=domain["domain"], strict=True)
    assert (made.status_code, error_of(made)) == (409, "USERNAME_TAKEN")


async def test_an_address_needs_a_verified_domain_of_the_workspace(agent: Agent, stranger: Agent) -> None:
    inbox, theirs = await agent.inbox(fresh("scout")), await stranger.domain()

    foreign = await agent.http.post(at(inbox), json={"email": f"hello@{theirs['domain']}"})
    unverified = (await agent.http.post("/v1/domains", json={"domain": f"{fresh('nodns')}x.example"})).json()
    early = await agent.http.post(at(inbox), json={"email": f"hello@{unverified['domain']}"})

    assert (foreign.status_code, error_of(foreign)) == (404, "DOMAIN_NOT_FOUND")
    assert (early.status_code, error_of(early)) == (400, "DOMAIN_NOT_VERIFIED")


async def test_the_canonical_address_cannot_be_removed(agent: Agent, scout: Json) -> None:
    refused = await agent.http.delete(at(scout, scout["canonicalEmail"]))

    assert (refused.status_code, error_of(refused)) == (409, "CANONICAL_ADDRESS")
    assert (await agent.read(scout["id"]))["addresses"] == scout["addresses"]


@pytest.mark.parametrize("address", ["nobody@myagentmail.com", "Nobody@MYAGENTMAIL.COM", "nobody", "%"])
async def test_an_address_that_the_inbox_does_not_have_is_a_404(
    agent: Agent, scout: Json, address: str
) -> None:
    refused = await agent.http.delete(at(scout, address))

    assert refused.status_code == 404, refused.text
    assert error_of(refused) in {"NOT_FOUND", "ADDRESS_NOT_FOUND"}


@pytest.mark.parametrize(
    "email", ["Hello@myagentmail.com", "hello", "hello@", "a b@myagentmail.com", 7, None]
)
async def test_what_is_no_address_is_refused(agent: Agent, scout: Json, email: object) -> None:
    refused = await agent.http.post(at(scout), json={"email": email})

    assert (refused.status_code, error_of(refused)) == (400, "INVALID_REQUEST")
    assert "email" in refused.json()["error"]


# --- removing ---------------------------------------------------------------------------------------------------


@contract("A42", "A62")
async def test_a_removed_inbox_is_gone_here_and_at_the_provider(agent: Agent, sim: Simulated) -> None:
    inbox = await agent.inbox(fresh("scout"))
    path = f"{INBOXES}/{inbox['id']}"

    answer = await agent.http.delete(path)

    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "id": inbox["id"]})
    read, again = await agent.http.get(path), await agent.http.delete(path)
    assert (read.status_code, error_of(read)) == (404, "NOT_FOUND")
    assert (again.status_code, error_of(again)) == (404, "NOT_FOUND")
    assert inbox["id"] not in {each["id"] for each in await agent.listed()}
    assert [e["effect"] for e in sim.ledger() if e["subject"] == inbox["email"]][-1] == "inbox.deleted"


async def test_a_lost_key_is_issued_anew_and_the_one_before_ends(agent: Agent) -> None:
    inbox = await agent.inbox(fresh("scout"))
    path = f"{INBOXES}/{inbox['id']}"

    made = await agent.http.post(f"{path}/keys")

    assert made.status_code == 201, made.text
    key = made.json()
    assert set(key) == {"id", "key", "prefix", "inboxId", "createdAt"}
    assert (key["prefix"], key["inboxId"]) == ("ak", inbox["id"])
    old = await agent.http.get(path, headers={"X-API-Key": inbox["apiKey"]})
    new = await agent.http.get(path, headers={"X-API-Key": key["key"]})
    assert (old.status_code, new.status_code) == (401, 200)
    assert new.json()["imapPassword"] == inbox["imapPassword"], "mail clients go on as before"
    await agent.http.delete(path)
    assert (await agent.http.get("/v1/me", headers={"X-API-Key": key["key"]})).status_code == 401


async def test_its_key_ends_with_it(agent: Agent) -> None:
    inbox = await agent.inbox(fresh("scout"))
    headers = {"X-API-Key": inbox["apiKey"]}
    assert (await agent.http.get("/v1/me", headers=headers)).status_code == 200

    await agent.http.delete(f"{INBOXES}/{inbox['id']}")

    assert (await agent.http.get("/v1/me", headers=headers)).status_code == 401


async def test_an_inbox_that_is_being_made_can_be_removed(agent: Agent, sim: Simulated) -> None:
    name = fresh("slow-inbox")
    begun = await agent.create(name, headers={"Prefer": "respond-async"})
    path = begun.headers["location"]

    answer = await agent.http.delete(path)

    assert (answer.status_code, answer.json()["deleted"]) == (200, True)
    await agent.gone(begun.json()["id"])
    assert name not in {each["username"] for each in await agent.listed()}
    happened = [each["effect"] for each in sim.ledger() if each["subject"] == f"{name}@{PLATFORM}"]
    assert happened.count("inbox.created") == happened.count("inbox.deleted")


async def test_an_inbox_that_could_not_be_made_can_be_removed_from_sight(agent: Agent) -> None:
    refused = await agent.create(fresh("fail-inbox"), headers={"Prefer": "respond-async"})
    inbox = await agent.ended(refused.json()["id"])

    answer = await agent.http.delete(f"{INBOXES}/{inbox['id']}")

    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "id": inbox["id"]})
    await agent.gone(inbox["id"])
