"""Creating a mailbox: what comes back, what happened at the mail platform, and what is left when a step is refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime

import pytest

from tests.contract.puffle.driver import faulty, providers
from tests.contract.sendmux.driver import (
    INSTANT,
    MAILBOXES,
    Json,
    Sendmux,
    caller,
    data_of,
    effects,
    fresh,
    login_works,
    refused,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract

WARNING = "POST /api/v1/mailboxes/{id}/keys"


@contract("S4-1", "S4-2", "S4-3", "S4-40", "S4-39", "A61")
async def test_post_with_a_bearer_key_and_an_email_makes_one_under_any_host_name(
    sendmux: Sendmux, domain: Json
) -> None:
    answer = await sendmux.create(f"{fresh('a')}@{domain['domain']}", headers={"Host": "app.sendmux.ai"})

    assert answer.status_code == 201
    mailbox = data_of(answer)["mailbox"]
    assert answer.headers["location"] == f"{MAILBOXES}/{mailbox['id']}"
    assert data_of(await sendmux.http.get(answer.headers["location"])) == mailbox


@contract("S4-20", "S4-21", "S4-22", "S4-23", "S4-25", "S4-26", "S4-30", "S4-31", "S4-37", "S4-38", "A47")
async def test_the_body_is_an_envelope_with_the_mailbox_and_its_credentials(
    sendmux: Sendmux, domain: Json
) -> None:
    data = await sendmux.made(
        f"{fresh('whole')}@{domain['domain']}", display_name="Ada's agent", quota_bytes=5_368_709_120
    )

    assert set(data) == {"mailbox", "api_key", "imap_smtp_credentials", "warning"}
    mailbox = data["mailbox"]
    assert set(mailbox) == {
        "id", "email", "display_name", "quota_bytes", "send_scope", "status", "created_at",
    }  # fmt: skip
    assert mailbox["id"].startswith("mbx_")
    assert mailbox["display_name"] == "Ada's agent"
    assert mailbox["quota_bytes"] == 5_368_709_120
    assert mailbox["send_scope"] == {"type": "all"}
    assert mailbox["status"] == "active"
    assert INSTANT.fullmatch(mailbox["created_at"])
    assert datetime.fromisoformat(mailbox["created_at"])
    assert data["warning"] is None


@contract("S4-8", "S4-11", "S4-32", "S4-36")
async def test_the_first_key_and_a_password_that_opens_this_inbox_and_no_other_come_with_it(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('login')}@{domain['domain']}"
    other = await sendmux.mailbox(domain)

    data = await sendmux.made(email)

    key = data["api_key"]
    assert set(key) == {"public_id", "key", "key_prefix", "key_suffix"}
    assert key["public_id"].startswith("smx_")
    assert key["key"].startswith(key["key_prefix"])
    assert key["key"].startswith("smx_mbx_")
    assert key["key"].endswith(key["key_suffix"])
    login = data["imap_smtp_credentials"]
    assert {"server", "imap_port", "smtp_port", "username", "password"} <= set(login)
    assert login["username"] == email
    assert (login["imap_port"], login["smtp_port"]) == (993, 465)
    assert login_works(sim, login["password"], email)
    assert not login_works(sim, login["password"], other["email"])
    assert effects(sim, email) == ["inbox.created", "key.created"]


@contract("S4-24", "A55", "A58")
async def test_the_address_is_lowercased_and_the_same_in_other_letters_is_a_conflict(
    sendmux: Sendmux, domain: Json
) -> None:
    name = fresh("Agent")

    made = await sendmux.made(f"{name}@{domain['domain'].upper()}")
    again = await sendmux.create(f"{name.upper()}@{domain['domain']}")

    assert made["mailbox"]["email"] == f"{name.lower()}@{domain['domain']}"
    assert refused(again) == (409, "conflict")


@contract("S4-27", "S4-28", "S4-29", "S4-7")
@pytest.mark.parametrize(
    "scope",
    [
        {"type": "all"},
        {"type": "providers", "provider_public_ids": ["dprov_1", "dprov_2"]},
        {"type": "group", "group_public_ids": ["dgrp_1"]},
    ],
)
async def test_the_send_scope_is_shown_with_the_ids_of_its_type_only(
    sendmux: Sendmux, domain: Json, scope: Json
) -> None:
    mailbox = await sendmux.mailbox(domain, send_scope=scope)

    assert mailbox["send_scope"] == scope
    assert (await sendmux.read(mailbox))["send_scope"] == scope


@contract("S4-9", "S4-10", "A49")
async def test_the_domain_must_be_the_teams_and_verified(
    sendmux: Sendmux, stranger: Sendmux, domain: Json, sim: Simulated
) -> None:
    registered = data_of(
        await sendmux.http.post("/api/v1/domains", json={"domain": f"{fresh('nozone')}.example"})
    )
    theirs = await stranger.domain()

    for name in (registered["domain"], theirs["domain"], f"{fresh('unknown')}.example"):
        answer = await sendmux.create(f"early@{name}")

        assert refused(answer) == (422, "validation_error")
        assert answer.json()["error"]["param"] == "email"
        assert effects(sim, f"early@{name}") == []


@contract("S4-12")
async def test_the_shared_domain_needs_no_registration(sendmux: Sendmux, sim: Simulated) -> None:
    email = f"{fresh('shared')}@myagent.mx"

    data = await sendmux.made(email)

    assert data["mailbox"]["email"] == email
    assert login_works(sim, data["imap_smtp_credentials"]["password"], email)


@contract("S4-13")
async def test_a_refused_inbox_leaves_nothing_and_the_address_free(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('unlucky')}@{domain['domain']}"
    with faulty(sim, "agentmail", "inboxes.create", "status", status=422, match=email):
        answer = await sendmux.create(email)

    assert refused(answer) == (503, "service_unavailable")
    assert effects(sim, email) == []

    async def made() -> bool:
        return (await sendmux.create(email)).status_code == 201

    assert await eventually(made)
    assert effects(sim, email).count("inbox.created") == 1


@contract("S4-33", "S4-34", "S4-35", "S4-37", "A46")
async def test_refused_credentials_leave_a_mailbox_without_any_and_keys_can_be_issued_later(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('bare')}@{domain['domain']}"
    with faulty(sim, "agentmail", "api_keys.create", "status", status=403, match=email):
        answer = await sendmux.create(email)

    assert answer.status_code == 201
    data = data_of(answer)
    assert data["mailbox"]["status"] == "active"
    assert data["api_key"] is None
    assert data["imap_smtp_credentials"] is None
    assert WARNING in data["warning"]
    assert effects(sim, email) == ["inbox.created"]
    assert await sendmux.keys(data["mailbox"]) == []

    issued = await sendmux.http.post(f"{MAILBOXES}/{data['mailbox']['id']}/keys", json={"app_name": "agent"})

    assert issued.status_code == 201
    assert login_works(sim, data_of(issued)["imap_smtp_credentials"]["password"], email)


async def test_a_wait_that_ends_shows_the_mailbox_as_it_stands_and_what_to_do(
    sendmux: Sendmux, domain: Json
) -> None:
    email, headers = f"{fresh('slow-inbox')}@{domain['domain']}", {"Idempotency-Key": fresh("key")}

    early = await sendmux.create(email, {**headers, "Prefer": "respond-async"})

    assert early.status_code == 202
    data = data_of(early)
    assert (data["mailbox"]["email"], data["mailbox"]["status"]) == (email, "provisioning")
    assert data["api_key"] is None
    assert data["imap_smtp_credentials"] is None
    assert data["warning"]
    assert early.headers["location"] == f"{MAILBOXES}/{data['mailbox']['id']}"

    async def done() -> Json | None:
        again = await sendmux.create(email, headers)
        return data_of(again) if again.status_code == 201 else None

    made = await eventually(done, within=20, every=0.2)
    assert made
    assert made["api_key"]["key"]
    assert made["mailbox"]["id"] == data["mailbox"]["id"]


async def test_of_two_teams_that_want_one_address_fifty_times_at_once_one_gets_it(
    stack: RunningStack, sim: Simulated
) -> None:
    email = f"{fresh('wanted')}@myagent.mx"
    async with (
        caller(stack, stack.keys["sendmux"]) as ours,
        caller(stack, stack.keys_other["sendmux"]) as theirs,
    ):
        answers = await asyncio.gather(*((ours, theirs)[n % 2].create(email) for n in range(50)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    assert {refused(answer) for answer in answers if answer.status_code == 409} == {(409, "conflict")}
    with providers(stack) as simulated:
        assert effects(simulated, email).count("inbox.created") == 1
