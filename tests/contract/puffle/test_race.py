"""Many callers who want the same thing at the same moment: everybody gets an answer, and one gets the thing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

import asyncpg
import httpx
import pytest

from tests.contract.puffle.driver import DOMAINS, Json, Puffle, effects, error_of, fresh
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract

PLATFORM = "myagentmail.com"
"""A domain of the platform's, which every tenant may use."""


def told(answers: Iterable[httpx.Response]) -> Counter[tuple[int, str]]:
    """Count the answers by status and code."""
    return Counter((answer.status_code, error_of(answer) if answer.is_error else "") for answer in answers)


@contract("S0-36", "A6")
async def test_of_fifty_who_want_one_address_one_gets_it(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("wanted")

    answers = await asyncio.gather(*(puffle.create(name, domain) for _ in range(50)))

    assert told(answers) == {(201, ""): 1, (409, "address_taken"): 49}
    happened = effects(sim, f"{name}@{domain['domain']}")
    assert happened.count("inbox.created") == happened.count("sender.created") == 1
    assert "inbox.deleted" not in happened


@contract("S0-36", "A6")
async def test_of_two_tenants_who_race_for_one_address_of_the_platform_one_gets_it(
    puffle: Puffle, stranger: Puffle, sim: Simulated, stack: RunningStack
) -> None:
    shared, name = {"id": await _platform_domain(stack)}, fresh("wanted")

    answers = await asyncio.gather(
        *(who.create(name, shared) for _ in range(25) for who in (puffle, stranger))
    )

    assert told(answers) == {(201, ""): 1, (409, "address_taken"): 49}
    assert effects(sim, f"{name}@{PLATFORM}").count("inbox.created") == 1


@contract("S0-18", "S0-36", "A6")
async def test_two_tenants_race_for_one_name_and_one_has_the_domain_and_the_account(
    puffle: Puffle, stranger: Puffle, sim: Simulated
) -> None:
    place, name = f"{fresh('nozone')}.example", fresh("wanted")
    claims = [(who, await who.claim(place)) for who in (puffle, stranger)]
    for record in {
        (r["type"], r["name"], r["value"], r.get("priority")) for _, c in claims for r in c["dns_records"]
    }:
        sim.publish(*record)
    await asyncio.gather(*(who.http.post(f"{DOMAINS}/{claim['id']}/verify") for who, claim in claims))
    ends = [await _settled(who, claim) for who, claim in claims]
    assert sorted(ends) == ["failed", "verified"]

    answers = await asyncio.gather(*(who.create(name, claim) for _ in range(25) for who, claim in claims))

    winner = ends.index("verified")
    assert told(answers[winner::2]) == {(201, ""): 1, (409, "address_taken"): 24}
    assert told(answers[1 - winner :: 2]) == {(400, "domain_not_verified"): 25}
    assert effects(sim, f"{name}@{place}").count("inbox.created") == 1


async def _platform_domain(stack: RunningStack) -> str:
    connection = await asyncpg.connect(stack.database_url)
    try:
        found = await connection.fetchval(
            "select id from provisioner.domain_claim where is_platform and domain = $1", PLATFORM
        )
    finally:
        await connection.close()
    return str(found)


async def _settled(who: Puffle, claim: Json) -> str:
    path = f"{DOMAINS}/{claim['id']}/verify"

    async def status() -> str:
        now: Json = (await who.http.post(path, params={"poll": "true"})).json()["domain"]
        return str(now["status"]) if now["status"] in {"verified", "failed"} else ""

    return await eventually(status, within=30)
