"""Changing an account's signature: the provider first, the account second, and nothing else of it."""

from __future__ import annotations

import pytest

from tests.contract.puffle.driver import ACCOUNTS, Json, Puffle, calls, error_of, faulty, fresh, steady
from tests.contract.puffle.test_create_account import ADDITIONS, FIELDS
from tests.support.simulator import Simulated

contract = pytest.mark.contract


@contract("S0-45", "A9")
async def test_a_signature_is_set_at_the_provider_and_shown_everywhere(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("signed"), domain)

    answer = await puffle.sign(account["id"], "Ada Lovelace\r\nAnalytical Engines")

    assert answer.status_code == 200
    changed = answer.json()["account"]
    assert set(answer.json()) == {"account"}
    assert set(changed) == FIELDS | ADDITIONS
    assert changed["signature"] == "Ada Lovelace\nAnalytical Engines"
    assert steady(await puffle.read(account["id"])) == steady(changed)
    assert changed["updated_at"] > account["updated_at"]
    assert steady({**changed, "signature": None}) == steady(account), "nothing else changed"
    at_provider = sim.account(account["email_address"])["signature"]
    assert at_provider == "Ada Lovelace<br>Analytical Engines"


async def test_an_empty_signature_clears_it(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    account = await puffle.account(fresh("signed"), domain)
    assert (await puffle.sign(account["id"], "Ada")).status_code == 200

    answer = await puffle.sign(account["id"], "")

    assert answer.status_code == 200
    assert not answer.json()["account"]["signature"]
    assert sim.account(account["email_address"])["signature"].strip() == ""


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 400}, "provider_refused"),
        ({"kind": "status", "status": 500}, "provider_unavailable"),
        ({"kind": "drop"}, "provider_unavailable"),
    ],
)
async def test_without_the_provider_it_is_a_502_and_nothing_drifts(
    puffle: Puffle, domain: Json, sim: Simulated, fault: Json, code: str
) -> None:
    account = await puffle.account(fresh("signed"), domain)
    assert (await puffle.sign(account["id"], "before")).status_code == 200

    with faulty(sim, "instantly", "accounts.patch", match=account["email_address"], **fault):
        answer = await puffle.sign(account["id"], "after")

    assert (answer.status_code, error_of(answer)) == (502, code)
    assert (await puffle.read(account["id"]))["signature"] == "before"
    assert sim.account(account["email_address"])["signature"] == "before"
    assert (await puffle.sign(account["id"], "after")).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "invalid_request", "signature"),
        ({"signature": None}, "invalid_request", "signature"),
        ({"signature": ["Ada"]}, "invalid_request", "signature"),
        ({"signature": "x" * 10_001}, "invalid_request", "signature"),
        ({"signature": "Ada\u0007"}, "invalid_request", "signature"),
        ({"display_name": "Ada"}, "unknown_field", "display_name"),
        ({"signature": "Ada", "status": "active"}, "unknown_field", "status"),
    ],
)
async def test_anything_but_a_signature_is_refused_by_name(
    puffle: Puffle, domain: Json, sim: Simulated, body: Json, code: str, named: str
) -> None:
    account = await puffle.account(fresh("unsigned"), domain)

    answer = await puffle.http.patch(f"{ACCOUNTS}/{account['id']}", json=body)

    assert (answer.status_code, error_of(answer)) == (400, code)
    assert named in answer.json()["error"]
    assert calls(sim, account["email_address"], "accounts.patch") == 0


@contract("A18")
async def test_somebody_elses_account_and_one_that_failed_cannot_be_changed(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    account = await puffle.account(fresh("mine"), domain)
    broken = await puffle.create(fresh("fail-sender"), domain, {"Prefer": "respond-async"})
    failed = await puffle.until(broken.json()["account"]["id"], "failed")

    foreign = await stranger.sign(account["id"], "theirs")
    wrong = await puffle.sign(failed["id"], "late")

    assert (foreign.status_code, error_of(foreign)) == (404, "not_found")
    assert (wrong.status_code, error_of(wrong)) == (409, "wrong_state")
    assert wrong.json()["status"] == "failed"
    assert (await puffle.read(account["id"]))["signature"] is None
