"""An account that nobody wants any more: everything it had is taken back, its address stays burned, everybody is told."""

from __future__ import annotations

import pytest

from services.provisioner.domain_work import AccountsLeft
from services.provisioner.store_removals import delete_accounts
from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import Outcome
from tests.support.account_bench import DOMAIN, DOMAIN_ID, SENDMUX, Bench, ids, recorder
from tests.support.eventually import eventually

GONE = ["sender.deleted", "key.revoked", "inbox.deleted"]


@pytest.mark.contract("S0-38", "S0-39")
async def test_a_deleted_account_leaves_nothing_but_a_burned_address(bench: Bench) -> None:
    request = await bench.ask("ada")
    async with bench.working():
        await bench.finished(request)
        deletion = await bench.delete(request)
        await bench.warmup_ended(request)
        answer = await bench.answered(deletion)
        again = await bench.ask("ada")

    assert answer.outcome is Outcome.DONE
    assert (await bench.facts(request.subject))[-2:] == ["AccountDeleting", "AccountDeleted"]
    deleted = (await bench.events(request.subject))[-2]
    assert answer.needs == {"account": deleted.sequence}
    account = deleted.data.account
    assert account.status is AccountStatus.DELETED
    assert (account.inbox_id, account.sender_id, account.account_tag_id, account.credential_ref) == (
        None,
    ) * 4
    assert bench.effects("ada")[-4:] == ["tag.unassigned", *GONE]
    assert await bench.pool.fetchval("select count(*) from vault.secret") == 0
    refused = await bench.answer(again.subject)
    assert refused is not None
    assert (refused.code, refused.details["reason"]) == ("address_burned", "deleted")
    assert refused.details["burned_at"] is not None


async def test_the_sender_is_left_alone_until_warmup_has_ended(bench: Bench) -> None:
    request = await bench.ask("ada")
    async with bench.working():
        await bench.finished(request)
        deletion = await bench.delete(request)
        waits = await bench.pool.fetchval("select due_at > now() + interval '30 seconds' from saga")
        assert waits
        assert bench.effects("ada")[-1] == "tag.assigned"
        await bench.warmup_ended(request)
        await bench.answered(deletion)


async def test_a_warmup_that_says_nothing_is_not_waited_for_for_ever(bench: Bench) -> None:
    request = await bench.ask("ada")
    async with bench.working():
        await bench.finished(request)
        deletion = await bench.delete(request, warmup_end_seconds=0.3)
        assert (await bench.answered(deletion)).outcome is Outcome.DONE


async def test_everyone_who_asks_is_answered_when_it_is_gone(bench: Bench) -> None:
    request = await bench.ask("scout", plan=SENDMUX)
    async with bench.working():
        await bench.finished(request)
        deletions = [await bench.delete(request) for _ in range(3)]
        answers = [await bench.answered(deletion) for deletion in deletions]
        late = await bench.answered(await bench.delete(request))

    assert [answer.outcome for answer in answers] == [Outcome.DONE] * 3
    assert (late.outcome, late.code) == (Outcome.REFUSED, "account_not_found")
    assert (await bench.facts(request.subject)).count("AccountDeleted") == 1


async def test_an_account_of_somebody_else_is_not_found(bench: Bench) -> None:
    request = await bench.ask("scout", plan=SENDMUX)
    async with bench.working():
        await bench.finished(request)
        foreign = await bench.answered(await bench.delete(request, tenant_id=ids.new()))
        unknown = await bench.answered(await bench.delete(bench.request("nobody")))

    assert (foreign.outcome, foreign.code) == (Outcome.REFUSED, "account_not_found")
    assert unknown.code == "account_not_found"
    assert (await bench.facts(request.subject))[-1] == "AccountProvisioned"


@pytest.mark.promise("R04")
async def test_an_account_deleted_while_it_is_made_answers_both_and_leaves_nothing(bench: Bench) -> None:
    bench.simulator.fault("instantly", "accounts.create", "slow", delay_seconds=1.0, times=1)
    request = await bench.ask("ada")
    async with bench.working():
        await eventually(lambda: _is_called(bench, "sender"), what="the sender to be registered")
        deletion = await bench.delete(request)
        assert (await bench.answered(deletion)).outcome is Outcome.DONE

    created = await bench.answered(request)
    assert (created.outcome, created.code) == (Outcome.REFUSED, "account_deleted")
    assert await bench.facts(request.subject) == [
        "AccountReserved", "InboxCreated", "CredentialsIssued", "AccountDeleting", "AccountDeleted",
    ]  # fmt: skip
    assert bench.effects("ada") == ["inbox.created", "key.created", "sender.created", *GONE]


async def test_an_account_deleted_before_anything_was_made_frees_its_address(bench: Bench) -> None:
    request = await bench.ask("ada")
    deletion = await bench.delete(request)
    async with bench.working():
        assert (await bench.answered(deletion)).outcome is Outcome.DONE
        again = await bench.ask("ada")
        await bench.finished(again)

    assert bench.effects("ada").count("inbox.created") == 1
    assert (await bench.facts(again.subject))[-1] == "AccountProvisioned"


@pytest.mark.parametrize("when", ["while it is undone", "when it is undone"])
async def test_a_failed_account_can_be_deleted(bench: Bench, when: str) -> None:
    if when == "while it is undone":
        bench.simulator.fault("agentmail", "inboxes.delete", "status", status=500)
    request = await bench.ask("fail-tag-ada")
    async with bench.working():
        await bench.answered(request)
        if when == "when it is undone":
            await bench.finished(request)
        deletion = await bench.delete(request)
        bench.simulator.http.delete("/_sim/faults")
        assert (await bench.answered(deletion)).outcome is Outcome.DONE

    facts = await bench.facts(request.subject)
    assert facts[-2:] == ["AccountDeleting", "AccountDeleted"]
    assert ("AccountUndone" in facts) is (when == "when it is undone")
    assert bench.effects(f"fail-tag-ada@{DOMAIN}") == [
        "inbox.created", "key.created", "sender.created", *GONE,
    ]  # fmt: skip
    row = await bench.pool.fetchrow("select state, reason from address")
    assert row is not None
    assert row["state"] == "burned"
    assert row["reason"] == ("provisioning_failed" if when == "when it is undone" else "deleted")


@pytest.mark.promise("R12")
async def test_deleting_goes_on_until_the_providers_let_it(bench: Bench) -> None:
    request = await bench.ask("ada")
    for status in (500, 403, 409, 429):
        bench.simulator.fault("agentmail", "inboxes.delete", "status", status=status, times=1)
    bench.simulator.fault("instantly", "accounts.delete", "drop", when="after", times=1)
    bench.simulator.fault("instantly", "tags.unassign", "drop", times=1)
    bench.simulator.fault("agentmail", "api_keys.delete", "malformed", times=1)
    async with bench.working():
        await bench.finished(request)
        deletion = await bench.delete(request)
        await bench.warmup_ended(request)
        assert (await bench.answered(deletion)).outcome is Outcome.DONE

    assert bench.effects("ada")[-3:] == GONE
    tags = [entry["effect"] for entry in bench.simulator.ledger() if "-warmup-" not in str(entry["key"])]
    assert tags.count("tag.created") == tags.count("tag.deleted") == 1


async def test_every_account_of_a_domain_goes_with_it(bench: Bench) -> None:
    requests = [await bench.ask(name, plan=SENDMUX) for name in ("one", "two")]

    async def begin() -> AccountsLeft:
        async with bench.pool.acquire() as connection, connection.transaction():
            return await delete_accounts(
                connection, recorder, DOMAIN_ID, bench.deletion(requests[0]), warmup_end_seconds=60.0
            )

    async with bench.working():
        await bench.finished(requests[0])
        assert await begin() is AccountsLeft.GOING

        async def nobody_left() -> bool:
            return await begin() is AccountsLeft.NONE

        await eventually(nobody_left, what="the accounts of the domain to be gone")

    for request in requests:
        assert (await bench.facts(request.subject))[-2:] == ["AccountDeleting", "AccountDeleted"]


async def _is_called(bench: Bench, step: str) -> bool:
    return bool(
        await bench.pool.fetchval("select intent_at from saga_step where step = $1 and outcome is null", step)
    )
