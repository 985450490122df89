"""Who gets an address: one account, however many ask, and nobody where the domain or the address forbids it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from shared.contracts.accounts import SendScope
from shared.contracts.answers import Outcome
from shared.contracts.domains import DomainStatus
from shared.contracts.requests import Dialect
from tests.support.account_bench import DOMAIN, PUFFLE, SENDMUX, TENANT, Bench

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
async def test_an_unknown_domain_and_one_that_was_given_up_are_not_found(bench: Bench) -> None:
    await bench.claim_domain(UUID(int=0xD7), "gone.example", status=DomainStatus.DELETED)

    for domain_id in (UUID(int=7), UUID(int=0xD7)):
        request = await bench.ask("ada", domain_id=domain_id)

        answer = await bench.answer(request.subject)
        assert answer is not None
        assert answer.code == "domain_not_found"


@pytest.mark.contract("S0-19")
@pytest.mark.parametrize("status", sorted(set(DomainStatus) - {DomainStatus.VERIFIED, DomainStatus.DELETED}))
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


@pytest.mark.contract("S2-10", "S4-9")
async def test_a_domain_is_found_by_its_name_in_the_dialect_that_claimed_it(bench: Bench) -> None:
    await bench.claim_domain(UUID(int=0xD4), "twice.example", dialect=Dialect.SENDMUX)
    await bench.claim_domain(
        UUID(int=0xD5), "twice.example", dialect=Dialect.MYAGENTMAIL, status=DomainStatus.PENDING
    )
    await bench.claim_domain(UUID(int=0xD6), "shared.example", tenant_id=OTHER_TENANT, is_platform=True)

    sendmux = await bench.ask("ada", domain="twice.example", dialect=Dialect.SENDMUX)
    young = await bench.ask("bob", domain="twice.example", dialect=Dialect.MYAGENTMAIL)
    foreign = await bench.ask("cyd", domain="twice.example", dialect=Dialect.PUFFLE)
    shared = await bench.ask("ada", domain="shared.example", dialect=Dialect.MYAGENTMAIL)

    assert (await bench.events(sendmux.subject))[0].data.account.domain_id == UUID(int=0xD4)
    assert (await bench.events(shared.subject))[0].data.account.domain_id == UUID(int=0xD6)
    answers = [await bench.answer(request.subject) for request in (young, foreign)]
    assert [one.code for one in answers if one] == ["domain_not_verified", "domain_not_found"]


@pytest.mark.contract("S4-6", "S4-7")
async def test_what_sendmux_keeps_of_a_mailbox_is_in_its_facts(bench: Bench) -> None:
    scope = SendScope(type="providers", provider_public_ids=("prv_1",))
    request = await bench.ask("ada", plan=SENDMUX, quota_bytes=5368709120, send_scope=scope)

    async with bench.working():
        await bench.finished(request)

    account = (await bench.events(request.subject))[-2].data.account
    assert (account.quota_bytes, account.send_scope) == (5368709120, scope)
    assert [credential.name for credential in account.credentials] == ["default"]
    assert account.credentials[0].id == account.credential_ref


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
