"""Giving a domain up: its accounts first, then the claim, and with the last claim everything of the name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.provisioner import store_removals
from services.provisioner.domain.domains import platform_domain_id
from services.provisioner.domain_saga import WAITS_FOR_ACCOUNTS
from services.provisioner.store_domain_requests import seed_platform_domains
from shared.contracts.accounts import AccountDeleting
from shared.contracts.answers import Outcome
from shared.contracts.requests import Dialect
from tests.support.domain_bench import Bench, Tenant
from tests.support.eventually import eventually

NAME = "acme.example"


async def test_a_deleted_domain_leaves_nothing_at_the_providers(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        assert not domains.nothing_is_left(NAME)

        deletion = await domains.delete(asked.domain_id, acme)
        answer = await domains.answer(deletion.request_id)

    facts = await domains.facts(asked.domain_id)
    assert [type(fact).__name__ for fact in facts[-2:]] == ["DomainDeleting", "DomainDeleted"]
    assert (answer.outcome, answer.needs) == (Outcome.DONE, {"domain": len(facts)})
    assert domains.nothing_is_left(NAME)
    row = await domains.row(NAME)
    assert [row[name] for name in ("provider_domain_id", "owner_tenant_id", "removal_intent_at")] == [
        None
    ] * 3
    last = [row for row in await domains.recorded() if row["subject"] == asked.domain_id and row["sequence"]][
        -2:
    ]
    assert {row["request_id"] for row in last} == {deletion.request_id}


async def test_what_the_owner_wrote_into_the_zone_stays(domains: Bench, acme: Tenant) -> None:
    zone = domains.simulator.http.get("/cloudflare/client/v4/zones", params={"name": NAME}).json()["result"]
    path = f"/cloudflare/client/v4/zones/{zone[0]['id']}/dns_records"
    kept = [
        {"type": "TXT", "name": f"_dmarc.{NAME}", "content": "v=DMARC1; p=none"},
        {"type": "TXT", "name": f"mail.{NAME}", "content": "v=spf1 ip4:192.0.2.0/24 ~all"},
        {"type": "TXT", "name": NAME, "content": "x", "comment": "managed-by:mailwright domain:not-an-id"},
    ]
    for record in kept:
        assert domains.simulator.post(path, record).status_code == 200
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.answer(asked.request_id)
        deletion = await domains.delete(asked.domain_id, acme)
        await domains.answer(deletion.request_id)

    held = domains.simulator.http.get(path).json()["result"]
    assert sorted(record["name"] for record in held) == sorted(record["name"] for record in kept)
    assert any("include:amazonses.com" in record["content"] for record in held), (
        "the owner's policy is not cut"
    )


async def test_the_records_of_a_subdomain_are_its_own(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        above = await domains.claim(NAME, acme)
        await domains.has_status(above.domain_id, "verified")
        below = await domains.claim(f"news.{NAME}", acme)
        await domains.has_status(below.domain_id, "verified")
        deletion = await domains.delete(above.domain_id, acme)
        await domains.answer(deletion.request_id)

    state = domains.simulator.http.get("/_sim/state").json()
    names = {record["name"] for record in state["cloudflare"]["records"]}
    assert names
    assert all(name.endswith(f"news.{NAME}") for name in names)
    assert [item["domain"] for item in state["agentmail"]["domains"] if NAME in item["domain"]] == [
        f"news.{NAME}"
    ]


async def test_other_claims_keep_the_name_until_the_last_one_goes(domains: Bench, acme: Tenant) -> None:
    others = [Tenant(id=acme.id), replace(acme, dialect=Dialect.SENDMUX), Tenant()]
    async with domains.working():
        first = await domains.claim(NAME, acme)
        await domains.has_status(first.domain_id, "verified")
        claims = [(first, acme)]
        for tenant in others[:2]:
            more = await domains.claim(NAME, tenant)
            await domains.has_status(more.domain_id, "verified")
            claims.append((more, tenant))

        for asked, tenant in claims[:-1]:
            deletion = await domains.delete(asked.domain_id, tenant)
            await domains.answer(deletion.request_id)
            assert not domains.nothing_is_left(NAME)
            assert (await domains.row(NAME))["owner_tenant_id"] == acme.id
        assert domains.simulator.ledger("domain.deleted") == []
        assert domains.simulator.ledger("record.deleted") == []

        last, tenant = claims[-1]
        deletion = await domains.delete(last.domain_id, tenant)
        await domains.answer(deletion.request_id)
    assert domains.nothing_is_left(NAME)


async def test_another_tenant_may_verify_once_the_owner_has_gone(
    domains: Bench, acme: Tenant, globex: Tenant
) -> None:
    async with domains.working():
        theirs = await domains.claim(NAME, globex)
        ours = await domains.claim(NAME, acme)
        for asked in (theirs, ours):
            await domains.answer(asked.request_id)

        async def are_decided() -> dict[str, tuple[Any, Tenant]] | None:
            pairs = [(theirs, globex), (ours, acme)]
            found = {(await domains.state(one.domain_id)).status.value: (one, who) for one, who in pairs}
            return found if found.keys() == {"verified", "failed"} else None

        ends = await eventually(are_decided) or {}
        (winner, owner), (loser, other) = ends["verified"], ends["failed"]
        deletion = await domains.delete(winner.domain_id, owner)
        await domains.answer(deletion.request_id)
        assert not domains.nothing_is_left(NAME)

        again = await domains.verify(loser.domain_id, other)
        assert (await domains.answer(again.request_id)).outcome is Outcome.DONE
        await domains.has_status(loser.domain_id, "verified")


async def test_the_name_may_be_claimed_again_under_a_new_id(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        deletion = await domains.delete(asked.domain_id, acme)
        await domains.answer(deletion.request_id)

        again = await domains.claim(NAME, acme)
        assert again.domain_id != asked.domain_id
        assert (await domains.answer(again.request_id)).outcome is Outcome.DONE
        await domains.has_status(again.domain_id, "verified")
    assert len(domains.simulator.ledger("domain.created")) == 2


async def test_a_second_deletion_joins_and_a_third_comes_too_late(domains: Bench, acme: Tenant) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.answer(asked.request_id)
    first = await domains.delete(asked.domain_id, acme)
    second = await domains.delete(asked.domain_id, acme, cascade=False)
    checked = await domains.verify(asked.domain_id, acme)
    async with domains.working():
        answers = [await domains.answer(each.request_id) for each in (first, second)]
        late = await domains.answer(checked.request_id)
        third = await domains.delete(asked.domain_id, acme)
        assert (await domains.answer(third.request_id)).code == "domain_not_found"

    assert [(answer.outcome, answer.needs) for answer in answers] == [(Outcome.DONE, answers[0].needs)] * 2
    assert late.code == "domain_not_found"
    assert len(domains.simulator.ledger("domain.deleted")) == 1


async def test_a_claim_that_was_never_registered_can_be_given_up(domains: Bench, acme: Tenant) -> None:
    fault = domains.simulator.fault("agentmail", "domains.create", "status", status=503)
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        deletion = await domains.delete(asked.domain_id, acme)

        assert (await domains.answer(asked.request_id)).code == "domain_not_found"
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE
        domains.simulator.http.delete(f"/_sim/faults/{fault}")
    assert await domains.told(asked.domain_id) == ["DomainDeleting", "DomainDeleted"]
    assert domains.nothing_is_left(NAME)


async def test_accounts_go_first_when_they_go_with_the_domain(domains: Bench, acme: Tenant) -> None:
    async with domains.working(), domains.accounts_working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        for username in ("ada", "bob"):
            made = await domains.account(username, asked.domain_id, acme)
            assert (await domains.account_answer(made.request_id)).outcome is Outcome.DONE

        deletion = await domains.delete(asked.domain_id, acme)
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE
        refused = await domains.account("eve", asked.domain_id, acme)
        assert (await domains.account_answer(refused.request_id)).outcome is Outcome.REFUSED

    assert await domains.account_statuses(asked.domain_id) == ["deleted"] * 2
    effects = [entry["effect"] for entry in domains.simulator.ledger()]
    assert effects.count("inbox.deleted") == 2
    assert effects.index("domain.deleted") > max(
        n for n, each in enumerate(effects) if each == "inbox.deleted"
    )
    assert domains.nothing_is_left(NAME)


async def test_a_domain_with_more_accounts_than_one_portion_goes_whole(
    domains: Bench, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_removals, "PORTION", 3)
    async with domains.working(), domains.accounts_working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        made = [await domains.account(f"ada-{number}", asked.domain_id, acme) for number in range(7)]
        for each in made:
            assert (await domains.account_answer(each.request_id)).outcome is Outcome.DONE

        deletion = await domains.delete(asked.domain_id, acme)
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE

    assert await domains.account_statuses(asked.domain_id) == ["deleted"] * 7
    assert domains.nothing_is_left(NAME)
    portions = await domains.pool.fetch(
        "select count(*) from event_pending where type = $1 group by xmin", AccountDeleting.TYPE
    )
    assert sorted(row["count"] for row in portions) == [1, 3, 3]


async def test_accounts_keep_a_domain_that_is_to_go_alone(domains: Bench, acme: Tenant) -> None:
    async with domains.working(), domains.accounts_working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        made = await domains.account("ada", asked.domain_id, acme)
        await domains.account_answer(made.request_id)

        refused = await domains.answer(
            (await domains.delete(asked.domain_id, acme, cascade=False)).request_id
        )
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "domain_in_use")
        assert (await domains.state(asked.domain_id)).status == "verified"
        assert await domains.account_statuses(asked.domain_id) == ["provisioned"]


@pytest.mark.parametrize("cascade", [False, True])
async def test_a_further_address_keeps_its_domain_too(domains: Bench, acme: Tenant, cascade: bool) -> None:
    who = replace(acme, dialect=Dialect.MYAGENTMAIL)
    async with domains.working(), domains.accounts_working():
        home = await domains.claim(NAME, who)
        guest = await domains.claim("guest.example", who)
        for asked in (home, guest):
            await domains.has_status(asked.domain_id, "verified")
        made = await domains.account("ada", home.domain_id, who)
        await domains.account_answer(made.request_id)
        added = await domains.add_address(made.domain_id, "ada@guest.example", who)
        assert (await domains.account_answer(added.request_id)).outcome is Outcome.DONE

        deletion = await domains.delete(guest.domain_id, who, cascade=cascade)
        if not cascade:
            assert (await domains.answer(deletion.request_id)).code == "domain_in_use"
            return
        await domains.has_status(guest.domain_id, "deleting")

        async def waits_ever_longer() -> bool:
            row = await domains.row("guest.example")
            return bool(row["attempts"] >= 3 and row["last_error_code"] == WAITS_FOR_ACCOUNTS)

        await eventually(waits_ever_longer)
        assert domains.simulator.ledger("domain.deleted") == []
        removed = await domains.remove_address(made.domain_id, "ada@guest.example", who)
        assert (await domains.account_answer(removed.request_id)).outcome is Outcome.DONE
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE
    assert domains.nothing_is_left("guest.example")
    assert not domains.nothing_is_left(NAME)


async def test_fifty_accounts_race_with_the_deletion_of_their_domain(domains: Bench, acme: Tenant) -> None:
    async with domains.working(), domains.accounts_working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")

        async def ask(number: int) -> Any:
            await asyncio.sleep(0.002 * number)
            return await domains.account(f"racer-{number}", asked.domain_id, acme)

        *made, deletion = await asyncio.gather(
            *(ask(number) for number in range(50)), domains.delete(asked.domain_id, acme)
        )
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE
        outcomes = {(await domains.account_answer(each.request_id)).outcome for each in made}

    assert Outcome.REFUSED in outcomes
    assert set(await domains.account_statuses(asked.domain_id)) <= {"deleted"}
    state = domains.simulator.http.get("/_sim/state").json()
    assert [inbox["inbox_id"] for inbox in state["agentmail"]["inboxes"]] == []
    assert domains.nothing_is_left(NAME)


async def test_a_deletion_that_keeps_accounts_races_with_fifty_of_them(domains: Bench, acme: Tenant) -> None:
    async with domains.working(), domains.accounts_working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        *made, deletion = await asyncio.gather(
            *(domains.account(f"racer-{number}", asked.domain_id, acme) for number in range(50)),
            domains.delete(asked.domain_id, acme, cascade=False),
        )
        answer = await domains.answer(deletion.request_id)
        outcomes = [(await domains.account_answer(each.request_id)).outcome for each in made]

    statuses = await domains.account_statuses(asked.domain_id)
    if answer.outcome is Outcome.DONE:
        assert statuses == []
        assert set(outcomes) == {Outcome.REFUSED}
    else:
        assert answer.code == "domain_in_use"
        assert (await domains.state(asked.domain_id)).status == "verified"
        assert statuses == ["provisioned"] * 50


async def test_a_claim_made_while_the_name_goes_registers_it_anew(
    domains: Bench, acme: Tenant, globex: Tenant
) -> None:
    """The name is its owner's until the last of it is gone; the owner itself need not wait to claim it again."""
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.has_status(asked.domain_id, "verified")
        domains.simulator.fault("agentmail", "domains.delete", "slow", delay_seconds=1.0, times=1)
        deletion = await domains.delete(asked.domain_id, acme)

        async def has_begun() -> bool:
            return (await domains.row(NAME))["removal_intent_at"] is not None

        await eventually(has_begun)
        stranger = await domains.claim(NAME, globex)
        assert (await domains.answer(stranger.request_id)).code == "domain_taken"
        newcomer = await domains.claim(NAME, acme)
        assert (await domains.answer(deletion.request_id)).outcome is Outcome.DONE
        await domains.has_status(newcomer.domain_id, "verified")
    assert len(domains.simulator.ledger("domain.created")) == 2


async def test_neither_strangers_nor_platform_domains_can_be_given_up_or_overridden(
    domains: Bench, acme: Tenant, globex: Tenant
) -> None:
    await seed_platform_domains(domains.pool, domains.recorder, ["myagentmail.com"])
    ours = await domains.claim(NAME, acme)
    for domain_id, who in (
        (ours.domain_id, globex),
        (ours.domain_id, Tenant(id=acme.id)),
        (ours.domain_id, replace(acme, dialect=Dialect.SENDMUX)),
        (platform_domain_id("myagentmail.com"), acme),
    ):
        for asked in (await domains.delete(domain_id, who), await domains.change(domain_id, "failed", who)):
            answer = await domains.answer(asked.request_id)
            assert (answer.outcome, answer.code) == (Outcome.REFUSED, "domain_not_found")
