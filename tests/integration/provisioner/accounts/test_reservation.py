"""Who gets an address: one account, however many ask, and nobody where the domain or the address forbids it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from shared.contracts.answers import Outcome
from shared.contracts.domains import DomainStatus
from tests.support.account_bench import DOMAIN, PUFFLE, TENANT, Bench

OTHER_TENANT, OTHER_WORKSPACE = UUID(int=0xA2), UUID(int=0xB2)


@pytest.mark.contract("S0-36")
async def test_fifty_requests_for_one_address_reserve_it_once(bench: Bench) -> None:
    requests = [bench.request("ada") for _ in range(50)]

    await asyncio.gather(*(bench.hand_over(request) for request in requests))

    answers = [await bench.answer(request.subject) for request in requests]
    assert answers.count(None) == 1
    assert {(one.outcome, one.code) for one in answers if one is not None} == {
        (Outcome.REFUSED, "address_taken")
    }
    assert await bench.pool.fetchval("select count(*) from account") == 1


async def test_a_repeated_request_reserves_once_and_repeats_its_answer(bench: Bench) -> None:
    first, second = bench.request("ada"), bench.request("ada")

    for request in (first, second, first, second):
        await bench.hand_over(request)

    assert await bench.facts(first.subject) == ["AccountReserved"]
    repeated = [event.data for event in await bench.events(second.subject)]
    assert len(repeated) == 2
    assert repeated[0] == repeated[1]


@pytest.mark.contract("S0-18")
@pytest.mark.parametrize("tenant_id", [TENANT, OTHER_TENANT])
async def test_a_domain_of_somebody_else_is_not_found(bench: Bench, tenant_id: UUID) -> None:
    request = await bench.ask("ada", tenant_id=tenant_id, workspace_id=OTHER_WORKSPACE)

    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "domain_not_found")
    assert DOMAIN not in (answer.message or "")
    assert await bench.facts(request.subject) == []


@pytest.mark.contract("S0-17")
async def test_an_unknown_domain_is_not_found(bench: Bench) -> None:
    request = await bench.ask("ada", domain_id=UUID(int=7))

    answer = await bench.answer(request.subject)

    assert answer is not None
    assert answer.code == "domain_not_found"


@pytest.mark.contract("S0-19")
@pytest.mark.parametrize("status", [status for status in DomainStatus if status is not DomainStatus.VERIFIED])
async def test_only_a_verified_domain_carries_accounts(bench: Bench, status: DomainStatus) -> None:
    domain_id = UUID(int=0xD2)
    await bench.claim_domain(domain_id, "young.example", status=status)

    request = await bench.ask("ada", domain_id=domain_id)

    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "domain_not_verified")


async def test_a_platform_domain_is_open_to_every_tenant(bench: Bench) -> None:
    domain_id = UUID(int=0xD3)
    await bench.claim_domain(domain_id, "shared.example", tenant_id=OTHER_TENANT, is_platform=True)

    request = await bench.ask("ada", domain_id=domain_id)

    assert await bench.facts(request.subject) == ["AccountReserved"]


@pytest.mark.contract("S0-38")
async def test_a_burned_address_is_refused_with_its_story(bench: Bench) -> None:
    await bench.pool.execute(
        "insert into address (address, account_id, state, reason, burned_at) values ($1, $2, 'burned', 'x', now())",
        f"ada@{DOMAIN}",
        UUID(int=9),
    )

    request = await bench.ask("ada", plan=PUFFLE)

    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "address_burned")
    assert answer.details["reason"] == "x"
    assert answer.details["burned_at"].endswith("+00:00")
