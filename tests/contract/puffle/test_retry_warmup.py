"""Retrying a warmup: its gate, its one attempt at a time, and every way the attempt can end."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.contract.puffle.driver import (
    ACCOUNTS,
    Json,
    Puffle,
    calls,
    enabled_once,
    error_of,
    faulty,
    fresh,
    struck,
)
from tests.contract.puffle.test_create_account import ADDITIONS, FIELDS
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract

SHOWN = {
    "id", "user_id", "type", "email_address", "status", "warmup_status", "agentmail_inbox_id", "daily_limit",
    "created_at", "updated_at", "email_domains",
}  # fmt: skip
"""What the reference shows of an account after a retry."""
NOT_RECORDED = "Warmup was enabled but failed to update account status"


def wrong_state(answer: httpx.Response) -> tuple[str, str]:
    """Return the two states a 409 names."""
    assert answer.status_code == 409, answer.text
    assert error_of(answer) == "wrong_state"
    return answer.json()["status"], answer.json()["warmup_status"]


@contract("S1-1", "S1-2", "S1-3", "S1-7", "S1-8", "S1-18", "S1-19", "S1-20", "S1-21", "S1-22", "S1-23", "A9")
async def test_a_stalled_account_warms_and_comes_back_whole(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)

    answer = await puffle.http.request("PATCH", f"{ACCOUNTS}/{account['id']}/retry-warmup")

    assert answer.status_code == 200
    assert "content-type" not in answer.request.headers
    assert set(answer.json()) == {"account"}
    warming = answer.json()["account"]
    assert set(warming) == FIELDS | ADDITIONS
    assert set(warming) >= SHOWN
    assert (warming["status"], warming["warmup_status"]) == ("warming", "warming")
    assert isinstance(warming["daily_limit"], int)
    assert warming["updated_at"] > account["updated_at"] > account["created_at"]
    assert warming["created_at"] == account["created_at"]
    assert warming["email_domains"] == account["email_domains"]
    found = sim.http.get(f"/agentmail/v0/inboxes/{warming['agentmail_inbox_id']}").json()
    assert found["email"] == account["email_address"]


@contract("S1-12", "S1-30")
async def test_it_enables_warmup_at_the_provider_and_does_not_make_the_account_able_to_send(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    asked = calls(sim, account["email_address"], "warmup.enable")

    assert (await puffle.retry(account["id"])).status_code == 200

    assert calls(sim, account["email_address"], "warmup.enable") == asked + 1
    assert await enabled_once(sim, account["email_address"])
    assert (await puffle.read(account["id"]))["status"] == "warming"


@contract("S1-9", "S1-10", "S1-14", "A16")
async def test_an_account_that_is_warming_is_a_409_and_the_provider_is_not_called(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("warm"), domain)
    asked = calls(sim, account["email_address"], "warmup.enable")

    assert wrong_state(await puffle.retry(account["id"])) == ("warming", "warming")
    assert calls(sim, account["email_address"], "warmup.enable") == asked


@contract("S1-10", "S1-31", "S1-32", "S1-33")
async def test_a_graduated_and_a_banned_account_are_409(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    good = await puffle.account(fresh("graduate"), domain)
    bad = await puffle.account(fresh("banned"), domain)
    await eventually(lambda: sim.account(bad["email_address"])["warmup_status"] == 1, within=10)
    await eventually(lambda: sim.account(good["email_address"])["warmup_status"] == 1, within=10)

    sim.advance(7)
    await puffle.until(bad["id"], "error", within=30)
    assert (await puffle.read(good["id"]))["status"] == "warming", "a week is not enough"
    sim.advance(14)
    await puffle.until(good["id"], "active", within=30)

    assert wrong_state(await puffle.retry(good["id"])) == ("active", "active")
    assert wrong_state(await puffle.retry(bad["id"])) == ("error", "banned")
    days = [each for each in await puffle.history(good["id"]) if each["event"] == "warmup.day_recorded"]
    assert days, "how far it is can be read"
    assert {"day", "total_sent", "reputation"} <= set(days[-1]["data"]["warmup"])
    assert (await puffle.events(good["id"])).count("warmup.graduated") == 1


@contract("S1-9", "S1-11", "S1-14")
async def test_one_matching_state_of_the_two_is_not_enough(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    later = {"Prefer": "respond-async"}
    slow = (await puffle.create(fresh("slow-inbox"), domain, headers=later)).json()["account"]
    failed = (await puffle.create(fresh("fail-sender"), domain, headers=later)).json()["account"]
    await puffle.until(failed["id"], "failed")

    assert wrong_state(await puffle.retry(failed["id"])) == ("failed", "not_started")
    # A provisioning account may reach its warmup while the retry is decided; it never becomes a second attempt.
    assert wrong_state(await puffle.retry(slow["id"])) in {
        ("provisioning", "not_started"),
        ("warming", "warming"),
    }
    await puffle.until(slow["id"], "warming")
    assert calls(sim, failed["email_address"], "warmup.enable") == 0
    assert await enabled_once(sim, slow["email_address"])


@contract("S1-15", "S1-16", "S1-11", "A17")
async def test_of_many_concurrent_retries_one_wins_and_the_state_changes_once(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)

    answers = await asyncio.gather(*(puffle.retry(account["id"]) for _ in range(20)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
    for answer in answers:
        if answer.status_code == 409:
            assert wrong_state(answer) == ("warming", "warming")
    assert await enabled_once(sim, account["email_address"])
    assert (await puffle.events(account["id"])).count("warmup.started") == 1


@contract("S1-17", "S1-8", "S1-14")
async def test_the_provider_is_asked_before_the_account_changes(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    address = account["email_address"]

    with faulty(sim, "instantly", "warmup.enable", "slow", delay_seconds=1.5, match=address) as fault:
        retrying = asyncio.create_task(puffle.retry(account["id"]))
        await struck(sim, fault)
        meanwhile = await puffle.read(account["id"])
        answer = await retrying

    assert meanwhile == account
    assert answer.status_code == 200
    assert answer.json()["account"]["status"] == "warming"


@contract("S1-24", "S1-25", "S1-29", "A21")
async def test_a_refusal_is_a_502_that_changes_nothing_and_may_be_repeated_until_it_succeeds(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    address = account["email_address"]

    with faulty(sim, "instantly", "warmup.enable", "status", status=400, match=address):
        for _ in range(2):
            answer = await puffle.retry(account["id"])
            assert answer.status_code == 502
            assert error_of(answer) == "provider_refused"
            assert "retry-after" not in answer.headers
            assert await puffle.read(account["id"]) == account

    assert (await puffle.retry(account["id"])).status_code == 200
    assert await enabled_once(sim, address)


@contract("S1-24", "S1-25", "A19")
@pytest.mark.parametrize("fault", [{"kind": "drop"}, {"kind": "status", "status": 500}])
async def test_silence_is_a_502_that_leaves_the_account_as_it_was(
    puffle: Puffle, domain: Json, sim: Simulated, fault: Json
) -> None:
    account = await puffle.stalled(sim, domain)

    with faulty(sim, "instantly", "warmup.enable", match=account["email_address"], **fault):
        answer = await puffle.retry(account["id"])

    assert answer.status_code == 502
    assert error_of(answer) == "provider_unavailable"
    assert await puffle.read(account["id"]) == account


@contract("S1-13", "S1-28", "S1-29")
async def test_an_address_that_warms_already_still_moves_forward_with_a_200(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    address = account["email_address"]
    assert sim.enable(address).status_code == 200
    await eventually(lambda: sim.account(address)["warmup_status"] == 1)

    answer = await puffle.retry(account["id"])

    assert answer.status_code == 200
    assert answer.json()["account"]["status"] == "warming"
    assert await enabled_once(sim, address)


@contract("S1-28")
async def test_an_enable_whose_answer_got_lost_is_looked_up_and_answers_200(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    address = account["email_address"]

    with faulty(sim, "instantly", "warmup.enable", "drop", when="after", match=address):
        answer = await puffle.retry(account["id"])

    if answer.status_code == 502:  # looked up while the provider's own job still ran
        await eventually(lambda: sim.account(address)["warmup_status"] == 1)
        answer = await puffle.retry(account["id"])
    assert answer.status_code == 200
    assert await enabled_once(sim, address)


@contract("S1-26", "S1-27", "A21")
async def test_an_enable_that_cannot_be_recorded_is_the_exact_500_and_may_be_retried_at_once(
    puffle: Puffle, domain: Json, sim: Simulated, failpoints_dir: Path
) -> None:
    account = await puffle.stalled(sim, domain)
    (failpoints_dir / "warmup.retry.before_commit").write_text("raise 1")

    answer = await puffle.retry(account["id"])

    assert answer.status_code == 500
    assert error_of(answer) == "enabled_not_recorded"
    assert answer.json()["error"] == NOT_RECORDED
    assert await enabled_once(sim, account["email_address"])
    again = await puffle.retry(account["id"])
    assert again.status_code == 200, again.text
    assert again.json()["account"]["status"] == "warming"
    assert await enabled_once(sim, account["email_address"])


@contract("S1-5", "S1-6", "S1-4", "A18")
async def test_only_the_accounts_own_id_of_its_own_tenant_names_it(
    puffle: Puffle, stranger: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)
    asked = calls(sim, account["email_address"], "warmup.enable")

    foreign = await stranger.retry(account["id"])
    missing = await puffle.retry("00000000-0000-0000-0000-000000000000")
    by_inbox = await puffle.retry(account["agentmail_inbox_id"])
    by_sender = await puffle.retry(account["instantly_account_id"])

    assert (foreign.status_code, error_of(foreign)) == (404, "not_found")
    assert (missing.status_code, error_of(missing)) == (404, "not_found")
    for answer in (by_inbox, by_sender):
        assert (answer.status_code, error_of(answer)) == (400, "invalid_request")
    assert calls(sim, account["email_address"], "warmup.enable") == asked
    assert await puffle.read(account["id"]) == account
