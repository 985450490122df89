"""Whether an address can be had: told without making anything, and without telling whose it is."""

from __future__ import annotations

from typing import Any

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
    refused,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract


async def ask(who: Sendmux, email: str) -> Json:
    """Return what is said of an address."""
    answer = await who.http.get(f"{MAILBOXES}/availability", params={"email": email})
    assert answer.status_code == 200, answer.text
    return data_of(answer)


async def test_a_free_address_is_available_and_nothing_is_made(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('free')}@{domain['domain']}"

    assert await ask(sendmux, email.upper()) == {"available": True, "email": email, "reason": "available"}
    assert effects(sim, email) == []
    assert (await sendmux.create(email)).status_code == 201


@pytest.mark.parametrize("email", ["x", "a@b", "a b@acme.com", "a+b@acme.com", "", "a" * 300 + "@acme.com"])
async def test_what_is_no_address_of_a_mailbox_is_said_to_be_none(sendmux: Sendmux, email: str) -> None:
    found = await ask(sendmux, email)

    assert (found["available"], found["reason"]) == (False, "invalid_email")


async def test_a_domain_must_be_ones_own_and_verified_or_shared(
    sendmux: Sendmux, stranger: Sendmux, domain: Json
) -> None:
    registered = data_of(await sendmux.http.post(DOMAINS, json={"domain": f"{fresh('nozone')}.example"}))
    taken = await sendmux.mailbox(domain)

    for who, email in (
        (sendmux, f"a@{fresh('unknown')}.example"),
        (sendmux, f"a@{registered['domain']}"),
        (stranger, f"a@{domain['domain']}"),
        (stranger, taken["email"]),
    ):
        assert (await ask(who, email))["reason"] == "domain_not_available", "also where there is a mailbox"
    assert (await ask(sendmux, f"{fresh('shared')}@myagent.mx"))["available"] is True


@contract("A62")
async def test_an_address_is_taken_for_everybody_and_for_ever(sendmux: Sendmux, stranger: Sendmux) -> None:
    email = f"{fresh('had')}@myagent.mx"
    mailbox = (await sendmux.made(email))["mailbox"]

    for who in (sendmux, stranger):
        assert await ask(who, email) == {"available": False, "email": email, "reason": "taken"}
    assert (await sendmux.http.delete(f"{MAILBOXES}/{mailbox['id']}")).status_code == 200
    assert (await ask(stranger, email))["reason"] == "taken"
    assert refused(await stranger.create(email)) == (409, "conflict")


async def test_an_address_is_reserved_while_its_mailbox_is_made_and_being_cleaned_up_while_it_goes(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('slow-inbox')}@{domain['domain']}"
    early = await sendmux.create(email, {"Prefer": "respond-async"})
    assert early.status_code == 202

    async def says(reason: str) -> bool:
        return bool((await ask(sendmux, email))["reason"] == reason)

    assert await eventually(lambda: says("reserved"))
    assert await eventually(lambda: says("taken"))
    with faulty(sim, "agentmail", "inboxes.delete", "status", status=500, match=email):
        where = f"{MAILBOXES}/{data_of(early)['mailbox']['id']}"
        going = await sendmux.http.delete(where, headers={"Prefer": "respond-async"})
        assert going.status_code == 202
        assert data_of(going)["deleted"] is False
        assert await eventually(lambda: says("cleanup_pending"))
    assert await eventually(lambda: says("taken"), within=20)


async def test_an_address_whose_making_failed_without_an_inbox_is_free_again(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('unlucky')}@{domain['domain']}"
    with faulty(sim, "agentmail", "inboxes.create", "status", status=422, match=email):
        assert (await sendmux.create(email)).status_code == 503

    async def free() -> Any:
        return (await ask(sendmux, email))["available"]

    assert await eventually(free)


async def test_the_address_must_be_given(sendmux: Sendmux) -> None:
    answer = await sendmux.http.get(f"{MAILBOXES}/availability")

    assert refused(answer) == (400, "missing_parameter")
    assert error_of(answer)["param"] == "email"
