"""Pausing, resuming and disabling a warmup: one attempt at the provider, then the account, then the answer."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from tests.contract.puffle.driver import Json, Puffle, effects, enabled_once, error_of, faulty, fresh
from tests.contract.puffle.test_create_account import ADDITIONS, FIELDS
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract

COMMANDS = ("pause", "resume", "disable")


def states(answer: httpx.Response) -> tuple[str, str]:
    """Return the two states a successful command shows."""
    assert answer.status_code == 200, answer.text
    account = answer.json()["account"]
    assert set(account) == FIELDS | ADDITIONS
    return account["status"], account["warmup_status"]


def refused(answer: httpx.Response) -> tuple[str, str]:
    """Return the two states a 409 names."""
    assert (answer.status_code, error_of(answer)) == (409, "wrong_state"), answer.text
    return answer.json()["status"], answer.json()["warmup_status"]


async def warming(puffle: Puffle, domain: Json, sim: Simulated, name: str) -> Json:
    """Return an account that the provider shows as warming."""
    account = await puffle.account(fresh(name), domain)
    assert await enabled_once(sim, account["email_address"])
    return account


async def test_a_warmup_is_paused_and_goes_on(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    account = await warming(puffle, domain, sim, "paused")
    address = account["email_address"]

    assert states(await puffle.warmup(account["id"], "pause", "The domain moves.")) == ("paused", "paused")
    assert await eventually(lambda: sim.account(address)["warmup_status"] == 0)
    assert refused(await puffle.warmup(account["id"], "pause")) == ("paused", "paused")
    assert states(await puffle.warmup(account["id"], "resume")) == ("warming", "warming")
    assert await eventually(lambda: sim.account(address)["warmup_status"] == 1)
    assert refused(await puffle.warmup(account["id"], "resume")) == ("warming", "warming")

    history = await puffle.history(account["id"])
    told = [entry["event"] for entry in history if entry["source"] == "warmup"]
    assert told.index("warmup.paused") < told.index("warmup.resumed")
    assert any("The domain moves." in entry["sentence"] for entry in history)


@contract("S0-54", "S0-55", "A15")
async def test_a_warming_account_may_send_once_its_warmup_is_disabled(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await warming(puffle, domain, sim, "impatient")
    assert account["status"] == "warming"

    assert states(await puffle.warmup(account["id"], "disable")) == ("active", "disabled")

    assert await eventually(lambda: "warmup.disabled" in effects(sim, account["email_address"]))
    for command in COMMANDS:
        assert refused(await puffle.warmup(account["id"], command)) == ("active", "disabled")
    assert refused(await puffle.retry(account["id"])) == ("active", "disabled")


@contract("A15")
@pytest.mark.parametrize("start", ["paused", "pending"])
async def test_a_paused_and_a_stalled_warmup_can_be_disabled(
    puffle: Puffle, domain: Json, sim: Simulated, start: str
) -> None:
    if start == "pending":
        account = await puffle.stalled(sim, domain)
    else:
        account = await warming(puffle, domain, sim, "paused")
        assert states(await puffle.warmup(account["id"], "pause")) == ("paused", "paused")

    assert states(await puffle.warmup(account["id"], "disable")) == ("active", "disabled")


async def test_a_warmup_that_has_not_started_can_be_neither_paused_nor_resumed(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)

    for command in ("pause", "resume"):
        assert refused(await puffle.warmup(account["id"], command)) == ("pending", "not_started")


@pytest.mark.parametrize("command", ["pause", "disable"])
@pytest.mark.parametrize(
    ("fault", "code"),
    [({"kind": "status", "status": 400}, "provider_refused"), ({"kind": "drop"}, "provider_unavailable")],
)
async def test_without_the_provider_it_is_a_502_and_the_warmup_goes_on(
    puffle: Puffle, domain: Json, sim: Simulated, command: str, fault: Json, code: str
) -> None:
    account = await warming(puffle, domain, sim, "steady")

    with faulty(sim, "instantly", "warmup.disable", match=account["email_address"], **fault):
        answer = await puffle.warmup(account["id"], command)

    assert (answer.status_code, error_of(answer)) == (502, code)
    now = await puffle.read(account["id"])
    assert (now["status"], now["warmup_status"]) == ("warming", "warming")
    assert sim.account(account["email_address"])["warmup_status"] == 1


async def test_of_many_at_once_one_changes_the_warmup(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    account = await warming(puffle, domain, sim, "crowded")

    answers = await asyncio.gather(*(puffle.warmup(account["id"], "pause") for _ in range(10)))

    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {200, 409}, counted
    assert counted[200] >= 1
    assert (await puffle.events(account["id"])).count("warmup.paused") == 1
    assert effects(sim, account["email_address"]).count("warmup.disabled") == 1


@contract("A18")
@pytest.mark.parametrize("command", COMMANDS)
async def test_somebody_elses_account_is_not_found(
    puffle: Puffle, stranger: Puffle, domain: Json, command: str
) -> None:
    account = await puffle.account(fresh("mine"), domain)

    for answer in (
        await stranger.warmup(account["id"], command),
        await puffle.warmup("00000000-0000-0000-0000-000000000000", command),
    ):
        assert (answer.status_code, error_of(answer)) == (404, "not_found")
    assert (await puffle.read(account["id"]))["status"] == "warming"


@pytest.mark.parametrize("command", COMMANDS)
async def test_an_account_without_a_warmup_is_a_409(puffle: Puffle, domain: Json, command: str) -> None:
    broken = await puffle.create(fresh("fail-sender"), domain, {"Prefer": "respond-async"})
    failed = await puffle.until(broken.json()["account"]["id"], "failed")

    assert refused(await puffle.warmup(failed["id"], command)) == ("failed", "not_started")
