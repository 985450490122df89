"""Who may claim which domain, however often and by however many it is asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.provisioner.domain.domains import PLATFORM_TENANT, platform_domain_id
from services.provisioner.domains import running
from services.provisioner.store_domain_requests import seed_platform_domains
from shared.contracts.answers import Outcome
from shared.contracts.requests import Dialect
from tests.support.domain_bench import IDS, Bench, Tenant, bench
from tests.support.eventually import eventually
from tests.support.simulator import Simulated


async def test_a_workspace_that_asks_again_gets_the_claim_it_has(domains: Bench, acme: Tenant) -> None:
    first = await domains.claim("acme.example", acme)
    early = await domains.claim("ACME.example", acme)
    async with domains.working():
        await domains.has_status(first.domain_id, "verified")
    late = await domains.claim("acme.example", acme)

    for asked in (early, late):
        answer = await domains.answer(asked.request_id)
        assert (answer.outcome, answer.subject_id) == (Outcome.MATCHED, first.domain_id)
        assert answer.needs["domain"] >= 1
    assert await domains.pool.fetchval("select count(*) from domain_claim") == 1


async def test_the_id_of_a_claim_that_was_asked_for_again_stands_for_the_one_there_is(
    domains: Bench, acme: Tenant
) -> None:
    first = await domains.claim("acme.example", acme)
    again = await domains.claim("acme.example", acme)
    async with domains.working():
        await domains.has_status(first.domain_id, "verified")
        account = await domains.account("ada", again.domain_id, acme)
        for asked in (
            await domains.verify(again.domain_id, acme),
            await domains.change(again.domain_id, "pending", acme),
        ):
            answer = await domains.answer(asked.request_id)
            assert (answer.outcome, answer.subject_id) == (Outcome.DONE, first.domain_id)
        assert (
            await domains.pool.fetchval("select domain_id from account where id = $1", account.domain_id)
            == first.domain_id
        )


async def test_a_repeated_request_is_handled_once(domains: Bench, acme: Tenant) -> None:
    request_id = IDS.new()
    first = await domains.claim("acme.example", acme, request_id)
    await domains.claim("acme.example", acme, request_id)

    async with domains.working():
        await domains.has_status(first.domain_id, "verified")

    assert len(await domains.answers(request_id)) == 1
    await domains.claim("acme.example", acme, request_id)
    sent_again = await domains.answers(request_id)
    assert sent_again[0] == sent_again[1]


async def test_claims_at_the_same_moment_become_one(domains: Bench, acme: Tenant) -> None:
    asked = await asyncio.gather(*(domains.claim("acme.example", acme) for _ in range(8)))
    async with domains.working():
        answers = [await domains.answer(each.request_id) for each in asked]

    assert sorted(answer.outcome for answer in answers) == [Outcome.DONE, *[Outcome.MATCHED] * 7]
    assert len({answer.subject_id for answer in answers}) == 1
    assert len(domains.simulator.ledger("domain.created")) == 1


async def test_an_unverified_claim_blocks_nobody_and_the_first_verified_wins(
    domains: Bench, acme: Tenant, globex: Tenant
) -> None:
    claims = {tenant: await domains.claim("shared.example", tenant) for tenant in (acme, globex)}
    async with domains.working():

        async def are_decided() -> dict[str, Tenant] | None:
            states = {tenant: await domains.facts(asked.domain_id) for tenant, asked in claims.items()}
            ended = {facts[-1].domain.status.value: tenant for tenant, facts in states.items() if facts}
            return ended if ended.keys() == {"verified", "failed"} else None

        loser = (await eventually(are_decided) or {})["failed"]
        failure = (await domains.state(claims[loser].domain_id)).failure
        assert failure is not None
        assert failure.code == "domain_taken"
        again = await domains.verify(claims[loser].domain_id, loser)
        assert (await domains.answer(again.request_id)).code == "domain_taken"

        newcomer = await domains.claim("shared.example", Tenant())
        refused = await domains.answer(newcomer.request_id)
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "domain_taken")
    assert len(domains.simulator.ledger("domain.created")) == 1
    values = [
        record["content"]
        for record in domains.simulator.http.get("/_sim/state").json()["cloudflare"]["records"]
        if record["name"] == "_mailwright.shared.example"
    ]
    assert len(set(values)) == 2, "each tenant proves its claim by a record of its own"


async def test_two_workspaces_of_a_tenant_may_share_a_domain(domains: Bench, acme: Tenant) -> None:
    other = Tenant(id=acme.id)
    first = await domains.claim("acme.example", acme)
    second = await domains.claim("acme.example", other)

    async with domains.working():
        await domains.has_status(first.domain_id, "verified")
        await domains.has_status(second.domain_id, "verified")
    assert len(domains.simulator.ledger("domain.created")) == 1


async def test_each_dialect_has_a_claim_of_its_own(domains: Bench, acme: Tenant) -> None:
    other = replace(acme, dialect=Dialect.SENDMUX)
    first = await domains.claim("acme.example", acme)
    second = await domains.claim("acme.example", other)

    async with domains.working():
        await domains.has_status(first.domain_id, "verified")
        state = await domains.has_status(second.domain_id, "verified")
        again = await domains.claim("acme.example", other)

        assert (await domains.answer(again.request_id)).subject_id == second.domain_id
    assert state.dialect is Dialect.SENDMUX
    assert len(domains.simulator.ledger("domain.created")) == 1


@pytest.mark.contract("S0-18")
async def test_a_foreign_claim_looks_as_if_it_were_not_there(
    domains: Bench, acme: Tenant, globex: Tenant
) -> None:
    ours = await domains.claim("acme.example", acme)

    for stranger, domain_id in (
        (globex, ours.domain_id),
        (Tenant(id=acme.id), ours.domain_id),
        (replace(acme, dialect=Dialect.MYAGENTMAIL), ours.domain_id),
        (acme, IDS.new()),
    ):
        asked = await domains.verify(domain_id, stranger)
        answer = await domains.answer(asked.request_id)
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "domain_not_found")


async def test_platform_domains_are_verified_registered_and_nobodys_to_claim(
    database: str, simulator: Simulated, acme: Tenant
) -> None:
    async with bench(database, simulator, platform="myagentmail.com, New.Example.") as domains:
        await seed_platform_domains(domains.pool, domains.recorder, ["myagentmail.com"])
        async with running(domains.context) as part:
            task: asyncio.Future[None] = asyncio.ensure_future(part.tasks["domains"]())
            try:

                async def is_registered() -> bool:
                    rows = await domains.pool.fetch(
                        "select provider_domain_id from provider_domain order by domain"
                    )
                    return [row[0] for row in rows] == ["myagentmail.com", "new.example"]

                await eventually(is_registered)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        claims = await domains.pool.fetch("select * from domain_claim order by domain")
        assert [claim["id"] for claim in claims] == [
            platform_domain_id("myagentmail.com"),
            platform_domain_id("new.example"),
        ]
        assert all(claim["is_platform"] and claim["status"] == "verified" for claim in claims)
        assert {claim["tenant_id"] for claim in claims} == {PLATFORM_TENANT}
        for claim in claims:
            assert await domains.told(claim["id"]) == ["DomainVerified"]
        asked = await domains.claim("myagentmail.com", acme)
        assert (await domains.answer(asked.request_id)).code == "domain_taken"
        looked = await domains.verify(platform_domain_id("myagentmail.com"), acme)
        assert (await domains.answer(looked.request_id)).code == "domain_not_found"
