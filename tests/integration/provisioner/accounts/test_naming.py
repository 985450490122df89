"""MyAgentMail's names: the tenant's own inbox is the answer, a taken name gets a suffix, and a retry never a second inbox."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from uuid import UUID

import pytest

from shared.contracts.accounts import AccountDeletionRequested, AccountRequested, Naming, Plan, Step
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from tests.support.account_bench import Bench
from tests.support.eventually import eventually

PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS))
DOMAIN = "myagent.mx"
A, B = UUID(int=0xAA), UUID(int=0xBB)
STRICT = Naming.OWN_OR_EXACT


@pytest.fixture(autouse=True)
async def platform(bench: Bench) -> None:
    await bench.claim_domain(UUID(int=0xE1), DOMAIN, tenant_id=UUID(int=0), is_platform=True)


def request(
    bench: Bench, username: str | None, tenant: UUID = B, workspace: int = 1, **more: Any
) -> Recorded:
    asked = {"naming": Naming.OWN_OR_SUFFIXED, "is_bound": False, **more}
    return bench.request(
        username,
        plan=PLAN,
        tenant_id=tenant,
        workspace_id=UUID(int=tenant.int * 0x100 + workspace),
        dialect=Dialect.MYAGENTMAIL,
        domain=DOMAIN,
        **asked,
    )


async def ask(bench: Bench, *args: Any, **more: Any) -> Recorded:
    asked = request(bench, *args, **more)
    await bench.hand_over(asked)
    return asked


async def made(bench: Bench, *args: Any, **more: Any) -> Recorded:
    """Ask for an inbox and wait until it is there; workers must be running."""
    asked = await ask(bench, *args, **more)
    await bench.finished(asked)
    return asked


async def name_of(bench: Bench, asked: Recorded) -> str | None:
    """Return the name an account has, if the request led to one of its own."""
    name: str | None = await bench.pool.fetchval("select username from account where id = $1", asked.subject)
    return name


async def answer_to(bench: Bench, asked: Recorded) -> AccountRequestAnswered:
    answer = await bench.answer(asked.subject)
    assert answer is not None
    return answer


@pytest.mark.contract("S2-14", "S2-17", "S2-26")
@pytest.mark.parametrize("naming", [Naming.OWN_OR_SUFFIXED, STRICT])
async def test_the_tenants_own_inbox_of_that_name_is_the_answer(bench: Bench, naming: Naming) -> None:
    async with bench.working():
        first = await made(bench, "scout")
        again = await ask(bench, "scout", naming=naming)

    answer = await answer_to(bench, again)
    assert (answer.outcome, answer.subject_id, answer.needs) == (
        Outcome.MATCHED,
        first.subject,
        {"account": 4},
    )
    assert await bench.facts(again.subject) == []


async def test_an_inbox_on_its_way_answers_once_it_is_there(bench: Bench) -> None:
    first, again = await ask(bench, "scout"), await ask(bench, "scout")
    assert await bench.answer(again.subject) is None

    async with bench.working():
        await bench.finished(first)

    assert (await answer_to(bench, first)).outcome is Outcome.DONE
    answer = await answer_to(bench, again)
    assert (answer.outcome, answer.subject_id, answer.needs) == (
        Outcome.MATCHED,
        first.subject,
        {"account": 4},
    )


async def test_an_inbox_that_fails_on_its_way_fails_for_all_who_asked(bench: Bench) -> None:
    first, again = await ask(bench, "fail-inbox"), await ask(bench, "fail-inbox")

    async with bench.working():
        await bench.finished(first)

    for asked in (first, again):
        answer = await answer_to(bench, asked)
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_refused")


@pytest.mark.contract("A31", "S2-17")
async def test_three_retries_of_a_lost_answer_find_the_one_inbox_it_was_for(bench: Bench) -> None:
    async with bench.working():
        await made(bench, "scout", A)
        first = await made(bench, "scout", B)
        retries = [await ask(bench, "scout", B) for _ in range(3)]

    assert await name_of(bench, first) == "scout1"
    answers = [await answer_to(bench, retry) for retry in retries]
    assert {(answer.outcome, answer.subject_id) for answer in answers} == {(Outcome.MATCHED, first.subject)}
    assert await bench.pool.fetchval("select count(*) from account") == 2
    assert len(bench.simulator.ledger("inbox.created")) == 2


@pytest.mark.contract("A31")
async def test_retries_at_the_same_moment_find_it_too(bench: Bench) -> None:
    requests = [request(bench, "scout", B) for _ in range(8)]
    async with bench.working():
        await made(bench, "scout", A)
        await asyncio.gather(*(bench.hand_over(each) for each in requests))
        (first,) = [each for each in requests if await name_of(bench, each)]
        await bench.finished(first)

    answers = [await answer_to(bench, each) for each in requests]
    assert {answer.subject_id for answer in answers} == {first.subject}
    assert sorted(answer.outcome for answer in answers) == [Outcome.DONE, *[Outcome.MATCHED] * 7]


@pytest.mark.contract("A31", "A42")
async def test_an_inbox_that_is_gone_is_remembered_no_longer(bench: Bench) -> None:
    async with bench.working():
        await made(bench, "scout", A)
        first = await made(bench, "scout", B)
        deletion = AccountDeletionRequested(caller=cast("AccountRequested", first.data).caller)
        await bench.answered(await bench.command(first, deletion))
        again = await made(bench, "scout", B)

    assert [await name_of(bench, each) for each in (first, again)] == ["scout1", "scout2"]


@pytest.mark.contract("A36")
async def test_a_workspaces_own_key_does_not_learn_of_another_workspaces_inbox(bench: Bench) -> None:
    async with bench.working():
        first = await made(bench, "scout", workspace=1)
        bound = await made(bench, "scout", workspace=2, is_bound=True)
        strict = await ask(bench, "scout", workspace=3, is_bound=True, naming=STRICT)
        tenants = await ask(bench, "scout", workspace=2)

    assert await name_of(bench, bound) == "scout1"
    refused = await answer_to(bench, strict)
    assert (refused.outcome, refused.code) == (Outcome.REFUSED, "username_taken")
    assert refused.details == {"address": f"scout@{DOMAIN}"}
    matched = await answer_to(bench, tenants)
    assert (matched.outcome, matched.subject_id) == (Outcome.MATCHED, first.subject)


@pytest.mark.contract("A32")
async def test_a_suffix_made_by_hand_is_passed_by(bench: Bench) -> None:
    async with bench.working():
        await made(bench, "scout", A)
        await made(bench, "scout1", B)
        asked = await made(bench, "scout", B)

    assert await name_of(bench, asked) == "scout2"


async def test_an_inbox_of_another_dialect_is_somebody_elses(bench: Bench) -> None:
    async with bench.working():
        asked = request(bench, "scout", B)
        other = bench.request("scout", plan=PLAN, tenant_id=B, dialect=Dialect.SENDMUX, domain=DOMAIN)
        await bench.hand_over(other)
        await bench.hand_over(asked)
        await bench.finished(asked)

    assert await name_of(bench, asked) == "scout1"


@pytest.mark.contract("A33", "S2-19")
async def test_when_all_hundred_names_are_taken_the_request_is_refused(bench: Bench) -> None:
    await take(bench, range(100))

    answer = await answer_to(bench, await ask(bench, "scout"))

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "username_taken")
    assert answer.details == {"address": f"scout@{DOMAIN}"}


@pytest.mark.contract("S2-23", "S2-24", "A37")
async def test_a_strict_request_for_a_name_of_others_is_refused(bench: Bench) -> None:
    await ask(bench, "scout", A)

    answer = await answer_to(bench, await ask(bench, "scout", B, naming=STRICT))

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "username_taken")
    assert answer.details == {"address": f"scout@{DOMAIN}"}


@pytest.mark.contract("S2-19", "S2-20", "S2-21")
async def test_fifty_tenants_who_race_for_a_name_get_it_and_its_suffixes_without_gaps(bench: Bench) -> None:
    requests = [request(bench, "scout", UUID(int=0x1000 + number)) for number in range(50)]

    await asyncio.gather(*(bench.hand_over(each) for each in requests))

    names = {await name_of(bench, each) for each in requests}
    assert names == {"scout", *(f"scout{number}" for number in range(1, 50))}


@pytest.mark.contract("A31", "S2-14")
async def test_two_tenants_who_race_with_fifty_requests_get_one_inbox_each(bench: Bench) -> None:
    requests = [request(bench, "scout", tenant) for tenant in (A, B) for _ in range(25)]
    async with bench.working():
        await asyncio.gather(*(bench.hand_over(each) for each in requests))
        own = [each for each in requests if await name_of(bench, each)]
        await bench.finished(*own)

    assert {await name_of(bench, each) for each in own} == {"scout", "scout1"}
    assert len({each.tenant_id for each in own}) == len(own) == 2
    answers = [await answer_to(bench, each) for each in requests]
    assert sorted(answer.outcome for answer in answers) == [*[Outcome.DONE] * 2, *[Outcome.MATCHED] * 48]
    assert len(bench.simulator.ledger("inbox.created")) == 2


@pytest.mark.contract("S2-8", "A43", "S2-41")
async def test_without_a_username_every_request_makes_a_new_inbox(bench: Bench) -> None:
    requests = [await ask(bench, None, name_source="Acme Corp") for _ in range(3)]

    names = [await name_of(bench, each) for each in requests]
    assert names == ["acme-corp", "acme-corp1", "acme-corp2"]


# --- what only the provider knows -----------------------------------------------------------------------------


@pytest.mark.contract("S2-19", "S2-22")
async def test_a_name_that_is_taken_at_the_provider_gives_way_to_the_next(bench: Bench) -> None:
    for name in ("scout", "scout1"):
        bench.simulator.inbox(name, DOMAIN)
    async with bench.working():
        asked = await made(bench, "scout")
        again = await ask(bench, "scout")

    events = await bench.events(asked.subject)
    reserved = [event.data.account.username for event in events if event.name == "AccountReserved"]
    assert reserved == ["scout", "scout1", "scout2"]
    assert [event.sequence for event in events][:-1] == [1, 2, 3, 4, 5, 6]
    assert events[-2].data.account.inbox_id == f"scout2@{DOMAIN}"
    assert (await answer_to(bench, asked)).outcome is Outcome.DONE
    assert (await answer_to(bench, again)).subject_id == asked.subject
    rows = await bench.pool.fetch("select address from address")
    assert [row["address"] for row in rows] == [f"scout2@{DOMAIN}"]


@pytest.mark.contract("A33")
async def test_when_the_last_name_is_taken_at_the_provider_the_request_fails(bench: Bench) -> None:
    await take(bench, range(1, 99))
    for name in ("scout", "scout99"):
        bench.simulator.inbox(name, DOMAIN)
    async with bench.working():
        asked = await made(bench, "scout")

    answer = await answer_to(bench, asked)
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "username_taken")
    assert answer.details == {"address": f"scout@{DOMAIN}"}


@pytest.mark.contract("S2-23")
async def test_a_strict_request_fails_when_the_provider_says_taken(bench: Bench) -> None:
    bench.simulator.inbox("scout", DOMAIN)
    async with bench.working():
        asked = await made(bench, "scout", naming=STRICT)

    answer = await answer_to(bench, asked)
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "username_taken")
    assert await bench.pool.fetchval("select count(*) from address") == 0


async def test_those_who_move_on_at_the_same_moment_get_different_names(bench: Bench) -> None:
    bench.simulator.inbox("scout", DOMAIN)
    tenants = [UUID(int=0x2000 + number) for number in range(10)]
    requests = [await ask(bench, "scout", tenant) for tenant in tenants]
    for name in ("scout2", "scout3"):
        bench.simulator.inbox(name, DOMAIN)
    async with bench.working():
        await bench.finished(*requests)

    names = [await name_of(bench, each) for each in requests]
    assert len(set(names)) == 10
    assert not {"scout", "scout2", "scout3"} & set(names)
    assert {(await answer_to(bench, each)).outcome for each in requests} == {Outcome.DONE}


async def take(bench: Bench, numbers: range) -> None:
    """Have these suffixes of scout (0: the name itself) in use by somebody."""
    await bench.pool.executemany(
        "insert into address (address, account_id, state) values ($1, $2, 'live')",
        [(f"scout{number or ''}@{DOMAIN}", UUID(int=7)) for number in numbers],
    )


@pytest.mark.promise("R10", "I2")
async def test_an_inbox_that_lands_at_a_name_that_was_left_is_removed(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "inboxes.create", "late", delay_seconds=2.0, times=1)
    bench.simulator.fault(
        "agentmail", "inboxes.create", "status", status=403, body={"name": "IsTakenError"}, times=1
    )
    async with bench.working(sweep_seconds=(0.3, 3.5)):
        asked = await made(bench, "scout")
        assert await name_of(bench, asked) == "scout1"
        left = f"scout@{DOMAIN}"
        await eventually(lambda: bench.effects(left) == ["inbox.created", "inbox.deleted"])

    assert (await answer_to(bench, asked)).outcome is Outcome.DONE
    assert bench.effects(f"scout1@{DOMAIN}") == ["inbox.created", "key.created"]
    rows = await bench.pool.fetch("select address, state from address order by address")
    assert [tuple(row) for row in rows] == [(f"scout1@{DOMAIN}", "live"), (left, "burned")]
