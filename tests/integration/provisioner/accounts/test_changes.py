"""Changing an account: one attempt, the provider first, and an answer that says what really is."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.accounts import SendScope
from shared.contracts.answers import Outcome
from shared.contracts.envelope import Recorded
from tests.support.account_bench import DOMAIN, SENDMUX, Bench, ids
from tests.support.eventually import eventually


def shown_signature(bench: Bench, address: str = f"ada@{DOMAIN}") -> str | None:
    signature: str | None = bench.simulator.account(address).get("signature")
    return signature


def shown_name(bench: Bench, address: str = f"ada@{DOMAIN}") -> str | None:
    name: str | None = bench.simulator.http.get(f"/agentmail/v0/inboxes/{address}").json()["display_name"]
    return name


async def stored(bench: Bench, account: Recorded, column: str) -> Any:
    return await bench.pool.fetchval(f"select {column} from account where id = $1", account.subject)


async def test_a_signature_is_changed_at_the_provider_and_then_here(bench: Bench) -> None:
    account = await bench.ask("ada")
    async with bench.working():
        await bench.finished(account)
        answer = await bench.answered(await bench.change(account, signature="Ada\nEngineer"))
        assert shown_signature(bench) == "Ada<br>Engineer"
        cleared = await bench.answered(await bench.change(account, signature=""))

    assert (answer.outcome, answer.needs, cleared.needs) == (Outcome.DONE, {"account": 7}, {"account": 8})
    changed = [event for event in await bench.events(account.subject) if event.name == "AccountChanged"]
    assert [event.data.account.signature for event in changed] == ["Ada\nEngineer", ""]
    assert [event.sequence for event in changed] == [7, 8]
    assert shown_signature(bench) == " "
    assert await stored(bench, account, "version") == 8


async def test_a_name_is_changed_at_the_provider_and_then_here(bench: Bench) -> None:
    account = await bench.ask("ada", plan=SENDMUX)
    async with bench.working():
        await bench.finished(account)
        assert (
            await bench.answered(await bench.change(account, display_name="Scout"))
        ).outcome is Outcome.DONE
        assert shown_name(bench) == "Scout"
        assert (await bench.answered(await bench.change(account, display_name=None))).outcome is Outcome.DONE

    assert shown_name(bench) in {None, ""}
    assert await stored(bench, account, "display_name") is None


async def test_what_no_provider_shows_is_changed_here_alone(bench: Bench) -> None:
    account = await bench.ask("ada", plan=SENDMUX)
    scope = SendScope(type="providers", provider_public_ids=("sp_1",))
    async with bench.working():
        await bench.finished(account)
        before = len(bench.simulator.calls())
        change = await bench.change(
            account, suspended=True, quota_bytes=5, send_scope=scope, metadata={"team": "a"}
        )
        answer = await bench.answered(change)
        assert len(bench.simulator.calls()) == before

    assert answer.outcome is Outcome.DONE
    (changed,) = [event for event in await bench.events(account.subject) if event.name == "AccountChanged"]
    state = changed.data.account
    assert (state.suspended, state.quota_bytes, state.send_scope, state.metadata) == (
        True, 5, scope, {"team": "a"},
    )  # fmt: skip


async def test_a_value_it_has_already_changes_nothing(bench: Bench) -> None:
    account = await bench.ask("ada", plan=SENDMUX)
    async with bench.working():
        await bench.finished(account)
        first = await bench.answered(await bench.change(account, suspended=True))
        again = await bench.answered(await bench.change(account, suspended=True))

    assert first.needs == again.needs
    assert (await bench.facts(account.subject)).count("AccountChanged") == 1


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 422}, {"kind": "status", "status": 401}])
async def test_a_refusal_leaves_the_account_as_it_was(bench: Bench, fault: dict[str, Any]) -> None:
    account = await bench.ask("ada")
    async with bench.working(command_seconds=0.5):
        await bench.finished(account)
        bench.simulator.fault("instantly", "accounts.patch", **fault)
        answer = await bench.answered(await bench.change(account, signature="Ada"))

    expected = "provider_refused" if fault["status"] == 422 else "provider_unavailable"
    assert (answer.outcome, answer.code) == (Outcome.FAILED, expected)
    assert "AccountChanged" not in await bench.facts(account.subject)
    assert await stored(bench, account, "signature") is None
    assert shown_signature(bench) is None


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["drop", "malformed"])
async def test_an_unknown_outcome_is_looked_up_before_the_answer(bench: Bench, kind: str, when: str) -> None:
    account = await bench.ask("ada")
    async with bench.working():
        await bench.finished(account)
        bench.simulator.fault("instantly", "accounts.patch", kind, when=when, times=1)
        answer = await bench.answered(await bench.change(account, signature="Ada"))

    happened = shown_signature(bench) == "Ada"
    assert happened is (when == "after")
    assert answer.outcome is (Outcome.DONE if happened else Outcome.FAILED)
    assert await stored(bench, account, "signature") == ("Ada" if happened else None)


async def test_a_look_up_that_fails_is_repeated(bench: Bench) -> None:
    account = await bench.ask("ada")
    async with bench.working():
        await bench.finished(account)
        bench.simulator.fault("instantly", "accounts.patch", "drop", when="after", times=1)
        bench.simulator.fault("instantly", "accounts.get", "status", status=500, times=2)
        answer = await bench.answered(await bench.change(account, signature="Ada"))

    assert answer.outcome is Outcome.DONE
    assert len(bench.simulator.calls("accounts.patch")) == 1


async def test_a_provider_that_asks_to_wait_is_waited_for_a_little(bench: Bench) -> None:
    account = await bench.ask("ada")
    async with bench.working():
        await bench.finished(account)
        bench.simulator.fault("instantly", "accounts.patch", "status", status=409, times=2)
        answer = await bench.answered(await bench.change(account, signature="Ada"))

    assert answer.outcome is Outcome.DONE


async def test_changes_of_one_account_happen_one_after_the_other(bench: Bench) -> None:
    account = await bench.ask("ada")
    async with bench.working(), bench.working():
        await bench.finished(account)
        bench.simulator.fault("instantly", "accounts.patch", "slow", delay_seconds=0.3, times=1)
        changes = [await bench.change(account, signature=f"number {number}") for number in range(5)]
        answers = [await bench.answered(change) for change in changes]

    assert [answer.needs["account"] for answer in answers] == [7, 8, 9, 10, 11]
    assert shown_signature(bench) == await stored(bench, account, "signature") == "number 4"


async def test_a_change_of_another_version_is_refused(bench: Bench) -> None:
    account = await bench.ask("ada", plan=SENDMUX)
    async with bench.working():
        await bench.finished(account)
        version = await stored(bench, account, "version")
        first = await bench.change(account, expected_version=version, suspended=True)
        second = await bench.change(account, expected_version=version, suspended=False)
        assert (await bench.answered(first)).outcome is Outcome.DONE
        refused = await bench.answered(second)

    assert (refused.outcome, refused.code) == (Outcome.REFUSED, "version_conflict")
    assert refused.details == {"version": version + 1}


async def test_only_a_provisioned_account_of_ones_own_is_changed(bench: Bench) -> None:
    account = await bench.ask("ada")
    early = await bench.change(account, suspended=True)
    foreign = await bench.change(account, tenant_id=ids.new(), suspended=True)
    async with bench.working():
        assert (await bench.answered(early)).code == "wrong_state"
        assert (await bench.answered(foreign)).code == "account_not_found"
        await bench.finished(account)
        await bench.delete(account)
        late = await bench.answered(await bench.change(account, suspended=True))

    assert (late.outcome, late.code) == (Outcome.REFUSED, "wrong_state")


async def test_an_account_deleted_under_a_change_is_not_changed_any_more(bench: Bench) -> None:
    account = await bench.ask("ada")
    async with bench.working():
        await bench.finished(account)
        bench.simulator.fault("instantly", "accounts.patch", "slow", delay_seconds=1.0, times=1)
        change = await bench.change(account, signature="Ada")
        await eventually(lambda: _is_called(bench), what="the signature to be sent")
        deletion = await bench.delete(account)
        answer = await bench.answered(change)
        await bench.warmup_ended(account)
        assert (await bench.answered(deletion)).outcome is Outcome.DONE

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "wrong_state")
    assert (await bench.facts(account.subject))[-3:] == [
        "AccountProvisioned", "AccountDeleting", "AccountDeleted",
    ]  # fmt: skip


@pytest.mark.promise("R01")
@pytest.mark.parametrize("happened", [True, False])
async def test_a_change_left_by_a_crash_is_looked_up_and_answered(bench: Bench, happened: bool) -> None:
    account = await bench.ask("ada")
    async with bench.working():
        await bench.finished(account)
    change = await bench.change(account, signature="Ada")
    await bench.pool.execute("update account_command set has_intent = true")
    if happened:
        bench.simulator.http.patch(f"/instantly/api/v2/accounts/ada@{DOMAIN}", json={"signature": "Ada"})
    async with bench.working():
        assert (await bench.answered(change)).outcome is Outcome.DONE

    assert shown_signature(bench) == await stored(bench, account, "signature") == "Ada"
    assert len(bench.simulator.calls("accounts.patch")) == 1


async def _is_called(bench: Bench) -> bool:
    return bool(await bench.pool.fetchval("select has_intent from account_command"))
