"""A provider's refusal for good: told at once, undone completely and in reverse order, the address freed or burned."""

from __future__ import annotations

import pytest

from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import Outcome
from tests.support.account_bench import DOMAIN, SENDMUX, Bench

MADE_AND_UNDONE = {
    "inbox": [],
    "credentials": ["inbox.created", "inbox.deleted"],
    "sender": ["inbox.created", "key.created", "key.revoked", "inbox.deleted"],
    "tags": [
        "inbox.created", "key.created", "sender.created", "sender.deleted", "key.revoked", "inbox.deleted",
    ],
}  # fmt: skip
OPERATIONS = {
    "inbox": ("agentmail", "inboxes.create"),
    "credentials": ("agentmail", "api_keys.create"),
    "sender": ("instantly", "accounts.create"),
    "tags": ("instantly", "tags.assign"),
}


@pytest.mark.contract("S0-34", "S0-35")
@pytest.mark.promise("R12", "I4")
@pytest.mark.parametrize("step", list(OPERATIONS))
async def test_a_refused_step_undoes_what_came_before(bench: Bench, step: str) -> None:
    provider, operation = OPERATIONS[step]
    bench.simulator.fault(provider, operation, "status", status=422, times=1)
    request = await bench.ask("ada")

    async with bench.working():
        await bench.finished(request)

    events = await bench.events(request.subject)
    assert [event.name for event in events if event.sequence][-2:] == [
        "AccountProvisioningFailed",
        "AccountUndone",
    ]
    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_refused")
    failed = next(event for event in events if event.name == "AccountProvisioningFailed")
    assert answer.needs == {"account": failed.sequence}
    undone = next(event for event in events if event.name == "AccountUndone")
    assert undone.data.is_address_burned is (step != "inbox")
    account = undone.data.account
    assert account.status is AccountStatus.FAILED
    assert (account.inbox_id, account.sender_id, account.account_tag_id, account.credential_ref) == (
        None,
    ) * 4
    assert bench.effects(f"ada@{DOMAIN}") == MADE_AND_UNDONE[step]
    tags = [entry["effect"] for entry in bench.simulator.ledger() if "-warmup-" not in str(entry["key"])]
    assert tags.count("tag.created") == tags.count("tag.deleted")
    assert await bench.pool.fetchval("select count(*) from vault.secret") == 0


@pytest.mark.parametrize("name", ["fail-inbox-ada", "fail-sender-ada", "fail-tag-ada"])
async def test_scripted_names_show_every_refusal(bench: Bench, name: str) -> None:
    request = await bench.ask(name)

    async with bench.working():
        await bench.finished(request)

    answer = await bench.answer(request.subject)
    assert answer is not None
    assert answer.code == "provider_refused"


@pytest.mark.contract("S0-38", "S0-39")
async def test_an_address_with_a_deleted_inbox_is_burned_and_one_without_is_free(bench: Bench) -> None:
    bench.simulator.fault("instantly", "accounts.create", "status", status=422, match="burned@*")
    bench.simulator.fault("agentmail", "inboxes.create", "status", status=422, times=1, match="free@*")
    first = [await bench.ask("burned"), await bench.ask("free")]
    async with bench.working():
        await bench.finished(*first)
        burned, free = await bench.ask("burned"), await bench.ask("free")
        await bench.finished(free)

    answer = await bench.answer(burned.subject)
    assert answer is not None
    assert (answer.code, answer.details["reason"]) == ("address_burned", "provisioning_failed")
    assert (await bench.facts(free.subject))[-1] == "AccountProvisioned"


@pytest.mark.contract("S0-38")
async def test_an_address_taken_at_the_provider_is_said_to_be_taken(bench: Bench) -> None:
    bench.simulator.inbox("ada")
    request = await bench.ask("ada")

    async with bench.working():
        await bench.finished(request)

    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "address_taken")
    assert bench.effects(f"ada@{DOMAIN}") == ["inbox.created"]


async def test_a_soft_step_is_left_out(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "api_keys.create", "status", status=422)
    request = await bench.ask("scout", plan=SENDMUX)

    async with bench.working():
        await bench.finished(request)

    events = await bench.events(request.subject)
    assert await bench.facts(request.subject) == ["AccountReserved", "InboxCreated", "AccountProvisioned"]
    assert (events[2].data.account.credential_ref, events[2].data.account.credentials) == (None, ())
    answer = await bench.answer(request.subject)
    assert answer is not None
    assert answer.outcome is Outcome.DONE


@pytest.mark.promise("R12")
async def test_undoing_goes_on_until_the_provider_lets_it(bench: Bench) -> None:
    for kind in ({"status": 500}, {"status": 403}, {"status": 409}):
        bench.simulator.fault("agentmail", "inboxes.delete", "status", times=1, **kind)
    bench.simulator.fault("instantly", "accounts.delete", "drop", when="after", times=1)
    request = await bench.ask("fail-tag-ada")

    async with bench.working():
        await bench.finished(request)

    effects = bench.effects(f"fail-tag-ada@{DOMAIN}")
    assert effects == MADE_AND_UNDONE["tags"]
