"""Further addresses: each is nobody else's, has one inbox of its own, and goes with its account."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from shared.contracts.accounts import (
    AccountDeletionRequested,
    AccountRequested,
    AccountState,
    AddressAdditionRequested,
    AddressRemovalRequested,
    Naming,
    Plan,
    Step,
)
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.domains import DomainStatus
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Caller, Dialect
from tests.support.account_bench import Bench
from tests.support.eventually import eventually

PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS))
DOMAIN = "myagent.mx"
ALIAS = f"help@{DOMAIN}"


@pytest.fixture(autouse=True)
async def platform(bench: Bench) -> None:
    await bench.claim_domain(UUID(int=0xE1), DOMAIN, tenant_id=UUID(int=0), is_platform=True)


async def made(bench: Bench, username: str = "scout", **more: Any) -> Recorded:
    created = await bench.ask(
        username,
        plan=PLAN,
        dialect=Dialect.MYAGENTMAIL,
        domain=DOMAIN,
        naming=Naming.OWN_OR_SUFFIXED,
        **more,
    )
    await bench.finished(created)
    return created


def caller(created: Recorded) -> Caller:
    return cast("AccountRequested", created.data).caller


async def add(
    bench: Bench, created: Recorded, address: str = ALIAS, *, is_primary: bool = True
) -> AccountRequestAnswered:
    asked = AddressAdditionRequested(caller=caller(created), address=address, is_primary=is_primary)
    return await bench.answered(await bench.command(created, asked))


async def remove(bench: Bench, created: Recorded, address: str = ALIAS) -> AccountRequestAnswered:
    asked = AddressRemovalRequested(caller=caller(created), address=address)
    return await bench.answered(await bench.command(created, asked))


async def state(bench: Bench, created: Recorded) -> AccountState:
    accounts = [event.data.account for event in await bench.events(created.subject) if event.sequence]
    return cast("AccountState", accounts[-1])


async def held(bench: Bench, address: str = ALIAS) -> str | None:
    found: str | None = await bench.pool.fetchval("select state from address where address = $1", address)
    return found


async def no_strays(bench: Bench) -> bool:
    return not await bench.pool.fetchval("select count(*) from stray")


@pytest.mark.contract("S2-33", "S2-34", "S2-35")
@pytest.mark.parametrize("is_primary", [True, False])
async def test_an_account_gets_a_further_address(bench: Bench, is_primary: bool) -> None:
    async with bench.working():
        created = await made(bench)
        answer = await add(bench, created, ALIAS.upper(), is_primary=is_primary)

    assert (answer.outcome, answer.needs) == (Outcome.DONE, {"account": 5})
    account = await state(bench, created)
    assert (account.aliases, account.address) == ((ALIAS,), f"scout@{DOMAIN}")
    assert account.primary_alias == (ALIAS if is_primary else None)
    (entry,) = [each for each in bench.simulator.ledger("inbox.created") if each["subject"] == ALIAS]
    assert entry["key"] == f"mw-test-{created.subject}-alias-help~{DOMAIN}"
    assert await held(bench) == "live"
    assert await no_strays(bench)


async def test_an_address_belongs_to_one_account_only(bench: Bench) -> None:
    async with bench.working():
        first, second = await made(bench), await made(bench, "other")
        await add(bench, first)
        taken = [await add(bench, each, address) for each, address in (
            (second, ALIAS), (first, ALIAS), (first, f"scout@{DOMAIN}"),
        )]  # fmt: skip
        suffixed = await made(bench, "help", workspace_id=UUID(int=0xBB))

    assert {(each.outcome, each.code) for each in taken} == {(Outcome.REFUSED, "address_taken")}
    assert (await state(bench, suffixed)).username == "help1"
    assert len([each for each in bench.simulator.ledger("inbox.created") if each["subject"] == ALIAS]) == 1


@pytest.mark.parametrize(
    ("domain", "status", "code"),
    [
        ("nowhere.example", None, "domain_not_found"),
        ("young.example", DomainStatus.PENDING, "domain_not_verified"),
    ],
)
async def test_the_domain_must_be_the_workspaces_own_and_verified(
    bench: Bench, domain: str, status: DomainStatus | None, code: str
) -> None:
    if status is not None:
        await bench.claim_domain(UUID(int=0xE2), domain, status=status, dialect=Dialect.MYAGENTMAIL)
    async with bench.working():
        answer = await add(bench, await made(bench), f"help@{domain}")

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, code)
    assert await held(bench, f"help@{domain}") is None


async def test_an_address_that_the_provider_refuses_is_free_again(bench: Bench) -> None:
    bench.simulator.inbox("help", DOMAIN)
    async with bench.working():
        created = await made(bench)
        answer = await add(bench, created)

    assert (answer.outcome, answer.code) == (Outcome.FAILED, "address_taken")
    assert await held(bench) is None
    assert await no_strays(bench)
    assert (await state(bench, created)).aliases == ()


@pytest.mark.promise("R08")
async def test_an_addition_whose_outcome_is_unknown_is_looked_up(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        bench.simulator.fault("agentmail", "inboxes.create", "drop", when="after", times=1)
        answer = await add(bench, created)

    assert answer.outcome is Outcome.DONE
    assert (await state(bench, created)).aliases == (ALIAS,)
    assert await no_strays(bench)


@pytest.mark.promise("R10")
async def test_an_inbox_that_lands_after_the_answer_is_removed_and_burns_its_address(bench: Bench) -> None:
    async with bench.working(sweep_seconds=(0.3, 2.5)):
        created = await made(bench)
        bench.simulator.fault("agentmail", "inboxes.create", "late", delay_seconds=1.2, times=1)
        answer = await add(bench, created)
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_unavailable")
        await eventually(lambda: bench.effects(ALIAS) == ["inbox.created", "inbox.deleted"])
        await eventually(lambda: no_strays(bench))
        again = await add(bench, created)

    assert await held(bench) == "burned"
    assert (again.outcome, again.code) == (Outcome.REFUSED, "address_burned")


@pytest.mark.promise("R01", "I2")
@pytest.mark.parametrize("point", ["before_call", "after_call", "before_commit", "after_commit"])
async def test_a_crash_makes_the_address_once(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    async with bench.working():
        created = await made(bench)
        (tmp_path / f"provisioner.command.{point}").write_text("raise 1")
        answer = await add(bench, created)

    assert answer.outcome is Outcome.DONE
    assert (await state(bench, created)).aliases == (ALIAS,)
    assert bench.effects(ALIAS) == ["inbox.created"]
    assert await no_strays(bench)


# --- giving them up -------------------------------------------------------------------------------------------


async def test_a_removed_address_stays_burned_and_mail_goes_from_the_accounts_own_again(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        await add(bench, created)
        answer = await remove(bench, created)
        again, anew = await remove(bench, created), await add(bench, created)

    assert (answer.outcome, answer.needs) == (Outcome.DONE, {"account": 6})
    account = await state(bench, created)
    assert (account.aliases, account.primary_alias) == ((), None)
    assert bench.effects(ALIAS) == ["inbox.created", "inbox.deleted"]
    assert (again.outcome, again.code) == (Outcome.REFUSED, "address_not_found")
    assert (anew.outcome, anew.code) == (Outcome.REFUSED, "address_burned")


async def test_another_primary_address_stays_it(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        await add(bench, created, f"first@{DOMAIN}")
        await add(bench, created, ALIAS, is_primary=False)
        await remove(bench, created, ALIAS)

    assert (await state(bench, created)).primary_alias == f"first@{DOMAIN}"


async def test_the_accounts_own_address_cannot_be_removed(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        answer = await remove(bench, created, f"scout@{DOMAIN}")

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "wrong_state")


async def test_every_address_goes_with_its_account(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        for name in ("help", "info"):
            await add(bench, created, f"{name}@{DOMAIN}")
        bench.simulator.fault("agentmail", "inboxes.delete", "status", status=500, times=2)
        deletion = AccountDeletionRequested(caller=caller(created))
        answer = await bench.answered(await bench.command(created, deletion))

    assert answer.outcome is Outcome.DONE
    assert bench.simulator.http.get("/_sim/state").json()["agentmail"]["inboxes"] == []
    rows = await bench.pool.fetch("select address, state from address")
    assert {row["state"] for row in rows} == {"burned"}
    assert len(rows) == 3
    account = await state(bench, created)
    assert (account.aliases, account.primary_alias) == ((), None)


async def test_an_address_that_is_added_while_its_account_goes_is_removed_again(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        bench.simulator.fault("agentmail", "inboxes.create", "slow", delay_seconds=1.0, times=1)
        asked = AddressAdditionRequested(caller=caller(created), address=ALIAS)
        addition = await bench.command(created, asked)
        await eventually(lambda: held(bench), what="the address to be reserved")
        deletion = AccountDeletionRequested(caller=caller(created))
        await bench.answered(await bench.command(created, deletion))
        answer = await bench.answered(addition)
        await eventually(lambda: no_strays(bench))

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "wrong_state")
    assert bench.simulator.http.get("/_sim/state").json()["agentmail"]["inboxes"] == []
    assert await held(bench) == "burned"
