"""Creating an account: what comes back, what happened at the providers, and in which order."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

import pytest

from tests.contract.puffle.driver import (
    ACCOUNTS,
    Json,
    Puffle,
    calls,
    effects,
    enabled_once,
    fresh,
    steady,
)
from tests.support.simulator import Simulated

contract = pytest.mark.contract

FIELDS = {
    "id", "user_id", "type", "domain_id", "email_address", "agentmail_inbox_id", "instantly_account_id", "status",
    "warmup_status", "display_name", "first_name", "last_name", "signature", "instantly_tag_id",
    "instantly_warmup_tag_id", "created_at", "updated_at", "email_domains",
}  # fmt: skip
"""What the reference shows of an account at its creation."""
ADDITIONS = {"daily_limit", "failure"}
"""What the superset of all routes adds."""
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(scope="module")
async def ada(puffle: Puffle, domain: Json) -> Json:
    """An account as its create call answered it."""
    return await puffle.account(fresh("Ada.Lovelace_"), domain, first_name="Ada", last_name="Lovelace")


@contract("S0-1", "S0-2", "S0-3", "S0-4", "S0-53", "A7")
async def test_post_with_a_bearer_token_creates_it_under_any_host_name(puffle: Puffle, domain: Json) -> None:
    answer = await puffle.create(fresh("ada"), domain, headers={"Host": "app.puffle.ai"})

    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("application/json")
    account = answer.json()["account"]
    assert answer.headers["location"] == f"{ACCOUNTS}/{account['id']}"
    assert steady(await puffle.read(account["id"])) == steady(account)


@contract("S0-40", "S0-41", "S0-45", "S0-47", "A9")
async def test_the_body_is_the_account_with_all_its_fields_and_no_analytics(
    puffle: Puffle, domain: Json
) -> None:
    body = (await puffle.create(fresh("ada"), domain)).json()

    assert set(body) == {"account"}
    assert set(body["account"]) == FIELDS | ADDITIONS
    assert body["account"]["signature"] is None
    assert body["account"]["failure"] is None


@contract("S0-42", "S0-43", "S0-44", "S0-31", "A10")
async def test_ids_times_and_the_embedded_domain_have_their_forms(ada: Json, domain: Json) -> None:
    for field in ("id", "user_id", "domain_id"):
        assert str(UUID(ada[field])) == ada[field]
    assert ada["type"] == "email"
    for field in ("created_at", "updated_at"):
        assert INSTANT.fullmatch(ada[field]), ada[field]
        datetime.fromisoformat(ada[field])
    assert ada["email_domains"] == {
        "id": domain["id"],
        "domain": domain["domain"],
        "status": "verified",
    }
    assert ada["domain_id"] == domain["id"]


@contract("S0-11", "S0-13", "S0-10")
async def test_the_address_is_the_lowercased_username_at_the_domain(puffle: Puffle, domain: Json) -> None:
    name = fresh("Grace.HOPPER_9")

    account = await puffle.account(name, domain)

    assert account["email_address"] == f"{name.lower()}@{domain['domain']}"


@contract("S0-24", "S0-25", "S0-8")
@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"display_name": "Countess", "first_name": "Ada", "last_name": "Lovelace"}, "Countess"),
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada"}, "Ada"),
        ({"last_name": "Lovelace"}, "Lovelace"),
        ({}, None),
    ],
)
async def test_the_display_name_is_derived_only_when_it_was_left_out(
    puffle: Puffle, domain: Json, names: dict[str, str], shown: str | None
) -> None:
    account = await puffle.account(fresh("named"), domain, **names)

    assert account["display_name"] == shown
    assert account["first_name"] == names.get("first_name")
    assert account["last_name"] == names.get("last_name")


@contract("S0-26", "S0-27", "S0-28", "S0-29", "S0-30", "S0-32", "S0-33", "S0-48", "A2", "A3")
async def test_every_step_is_made_once_in_order_before_the_account_is_shown_as_warming(
    ada: Json, puffle: Puffle, sim: Simulated
) -> None:
    await enabled_once(sim, ada["email_address"])
    # Tags come before warmup, not after it: nothing that warms ever has to be undone.
    assert effects(sim, ada["email_address"]) == [
        "inbox.created", "key.created", "sender.created", "tag.assigned", "tag.assigned", "warmup.enabled",
    ] or effects(sim, ada["email_address"]) == [
        "inbox.created", "sender.created", "tag.assigned", "tag.assigned", "warmup.enabled",
    ]  # fmt: skip
    assert (ada["status"], ada["warmup_status"]) == ("warming", "warming")
    assert steady(await puffle.read(ada["id"])) == steady(ada)


@contract("S0-36", "S0-37")
async def test_an_account_is_one_inbox_and_one_sender(ada: Json, sim: Simulated) -> None:
    state = sim.http.get("/_sim/state").json()
    inboxes = [each for each in state["agentmail"]["inboxes"] if each["email"] == ada["email_address"]]
    senders = [each for each in state["instantly"]["accounts"] if each["email"] == ada["email_address"]]

    assert [each["inbox_id"] for each in inboxes] == [ada["agentmail_inbox_id"]]
    assert len(senders) == 1
    assert ada["instantly_account_id"]


@contract("S0-29", "S0-46")
async def test_its_own_tag_and_the_warmup_tag_are_two_and_both_assigned(
    ada: Json, puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    other = await puffle.account(fresh("tagged"), domain)
    mappings = sim.http.get("/_sim/state").json()["instantly"]["mappings"]
    worn = {each["tag_id"] for each in mappings if each["resource_id"] == ada["email_address"]}

    assert worn == {ada["instantly_tag_id"], ada["instantly_warmup_tag_id"]}
    assert len(worn) == 2
    assert other["instantly_tag_id"] != ada["instantly_tag_id"]
    assert other["instantly_warmup_tag_id"] == ada["instantly_warmup_tag_id"], "found, not made again"


@contract("A14")
async def test_the_sender_is_named_by_its_address_once_it_is_registered(
    ada: Json, puffle: Puffle, domain: Json
) -> None:
    answer = await puffle.create(fresh("slow-inbox"), domain, {"Prefer": "respond-async"})

    assert answer.json()["account"]["instantly_account_id"] is None
    assert ada["instantly_account_id"] == ada["email_address"]


@contract("S0-54")
async def test_a_warming_account_sends_nothing(ada: Json, sim: Simulated) -> None:
    assert ada["status"] == "warming"
    assert calls(sim, ada["email_address"], "messages.send") == 0


@contract("S0-56", "S0-30")
async def test_get_on_the_same_path_lists_own_accounts_newest_first(
    ada: Json, puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    later = await puffle.account(fresh("later"), domain)

    listed = (await puffle.http.get(ACCOUNTS)).json()["accounts"]
    theirs = (await stranger.http.get(ACCOUNTS)).json()["accounts"]

    ids = [each["id"] for each in listed]
    assert ids.index(later["id"]) < ids.index(ada["id"]), "however many there are: no page was asked for"
    assert steady(next(each for each in listed if each["id"] == later["id"])) == steady(later)
    assert not {each["id"] for each in theirs} & set(ids)


async def test_its_history_tells_every_event_after_its_cause(ada: Json, puffle: Puffle) -> None:
    history = await puffle.history(ada["id"])

    told = [entry["event"] for entry in history]
    assert told[:7] == [
        "account.requested", "account.reserved", "account.inbox_created", "account.credentials_issued",
        "account.sender_registered", "account.tags_assigned", "account.provisioned",
    ]  # fmt: skip
    assert told.index("account.provisioned") < told.index("warmup.started")
    times = [datetime.fromisoformat(entry["time"]) for entry in history]
    assert times == sorted(times)
    seen: set[str] = set()
    for entry in history:
        assert entry["cause"] is None or entry["cause"] in seen, f"{entry['event']} before its cause"
        assert entry["sentence"]
        seen.add(entry["id"])
    requests = {entry["request"] for entry in history[:7]}
    assert len(requests) == 1
