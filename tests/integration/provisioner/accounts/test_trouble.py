"""Trouble that passes: looked up, waited out, never answered with an undo (R13)."""

from __future__ import annotations

import time

import pytest

from shared.contracts.answers import Outcome
from tests.support.account_bench import DOMAIN, Bench

CALLS = {
    "inboxes.create": "agentmail",
    "api_keys.create": "agentmail",
    "accounts.create": "instantly",
    "tags.create": "instantly",
    "tags.assign": "instantly",
}


async def provisioned_once(bench: Bench, username: str = "ada", *, keys: int = 1) -> None:
    request = await bench.ask(username)

    async with bench.working():
        await bench.finished(request)

    events = await bench.events(request.subject)
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[-1].name == "AccountProvisioned"
    effects = bench.effects(f"{username}@{DOMAIN}")
    assert (
        effects.count("inbox.created")
        == effects.count("sender.created")
        == effects.count("tag.assigned")
        == 1
    )
    assert effects.count("key.created") == keys
    assert effects.count("key.revoked") == keys - 1
    assert not {"inbox.deleted", "sender.deleted"} & set(effects)


@pytest.mark.promise("R10", "R13", "I2")
@pytest.mark.parametrize("operation", list(CALLS))
@pytest.mark.parametrize("kind", ["drop", "malformed"])
async def test_an_effect_whose_answer_is_lost_is_adopted(bench: Bench, operation: str, kind: str) -> None:
    bench.simulator.fault(CALLS[operation], operation, kind, when="after", times=1)

    await provisioned_once(bench, keys=2 if operation == "api_keys.create" else 1)


@pytest.mark.promise("R10", "R13")
@pytest.mark.parametrize("operation", list(CALLS))
async def test_a_call_that_never_had_its_effect_is_repeated(bench: Bench, operation: str) -> None:
    bench.simulator.fault(CALLS[operation], operation, "drop", times=1)
    bench.simulator.fault(CALLS[operation], operation, "status", status=500, times=1)

    await provisioned_once(bench)


@pytest.mark.promise("R11", "R13")
@pytest.mark.parametrize(("operation", "status"), [("inboxes.create", 429), ("accounts.create", 503)])
async def test_a_provider_that_asks_to_wait_is_left_alone(bench: Bench, operation: str, status: int) -> None:
    bench.simulator.fault(CALLS[operation], operation, "status", status=status, retry_after=1, times=1)

    started = time.monotonic()
    await provisioned_once(bench)

    assert time.monotonic() - started >= 1.0
    calls = [call["status"] for call in bench.simulator.calls(operation)]
    assert calls == [status, 200]


async def test_look_ups_may_fail_too(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "inboxes.create", "drop", when="after", times=1)
    bench.simulator.fault("agentmail", "inboxes.get", "status", status=500, times=1)
    bench.simulator.fault("agentmail", "inboxes.get", "status", status=403, times=1)

    await provisioned_once(bench)


async def test_a_new_mailbox_gets_a_few_logins(bench: Bench) -> None:
    bench.simulator.knobs(imap_transient_failures=2)

    await provisioned_once(bench)


async def test_a_mailbox_that_never_lets_in_is_a_refusal(bench: Bench) -> None:
    bench.simulator.knobs(imap_transient_failures=100)
    request = await bench.ask("ada")

    async with bench.working(sender_login_attempts=3):
        await bench.finished(request)

    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_refused")
    assert len(bench.simulator.calls("accounts.create")) == 3


async def test_a_sender_that_is_there_already_is_adopted(bench: Bench) -> None:
    bench.simulator.sender(f"ada@{DOMAIN}", "x", imap_host="elsewhere.example")

    await provisioned_once(bench)


async def test_a_deadline_ends_only_a_saga_without_an_inbox(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "inboxes.create", "status", status=429, match="early@*")
    bench.simulator.fault("instantly", "accounts.create", "status", status=429, match="late@*", times=3)
    early, late = await bench.ask("early"), await bench.ask("late")
    await bench.pool.execute("update saga set started_at = now() - interval '2 days'")

    async with bench.working():
        await bench.finished(early, late)

    answer = await bench.answer(early.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_unavailable")
    assert (await bench.facts(early.subject))[-1] == "AccountUndone"
    assert (await bench.facts(late.subject))[-1] == "AccountProvisioned"


@pytest.mark.promise("R13")
async def test_a_revoked_key_of_ours_burns_no_address(bench: Bench) -> None:
    bench.simulator.fault("instantly", "accounts.create", "status", status=401, times=2)

    await provisioned_once(bench)


async def test_without_an_inbox_a_revoked_key_of_ours_is_told_at_once(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "inboxes.create", "status", status=401, times=1)
    request = await bench.ask("ada")

    async with bench.working():
        await bench.finished(request)

    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_refused")


async def test_a_shared_tag_that_vanished_is_made_again(bench: Bench) -> None:
    first, second = await bench.ask("one"), bench.request("two")
    async with bench.working():
        await bench.finished(first)
        shared = next(
            entry for entry in bench.simulator.ledger("tag.created") if "-warmup-" in str(entry["key"])
        )
        tags = bench.simulator.http.get("/_sim/state").json()["instantly"]["tags"]
        tag_id = next(tag["id"] for tag in tags if tag["label"] == shared["key"])
        bench.simulator.http.delete(f"/instantly/api/v2/custom-tags/{tag_id}")
        await bench.hand_over(second)
        await bench.finished(second)

    assert (await bench.facts(second.subject))[-1] == "AccountProvisioned"
