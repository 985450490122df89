"""Effects that land after everybody gave up on them are found by their keys and taken back; nothing else is touched."""

from __future__ import annotations

import pytest

from tests.support.account_bench import DOMAIN, Bench
from tests.support.eventually import eventually


@pytest.mark.promise("R10", "I3")
async def test_an_inbox_that_lands_after_its_account_was_undone_is_deleted(bench: Bench) -> None:
    bench.simulator.inbox("bystander")
    bench.simulator.fault("agentmail", "inboxes.create", "late", delay_seconds=2.0, times=1)
    bench.simulator.fault("agentmail", "inboxes.create", "status", status=422, times=1)
    request = await bench.ask("ada")

    async with bench.working(sweep_seconds=(0.5, 2.5, 3.5)):
        await bench.finished(request)
        assert (await bench.facts(request.subject))[-1] == "AccountUndone"
        assert bench.effects(f"ada@{DOMAIN}") == []
        await eventually(lambda: "inbox.deleted" in bench.effects(f"ada@{DOMAIN}"))
        await eventually(lambda: no_sweeps(bench))

    assert bench.effects(f"ada@{DOMAIN}") == ["inbox.created", "inbox.deleted"]
    assert bench.effects(f"bystander@{DOMAIN}") == ["inbox.created"]
    state = await bench.pool.fetchval("select state from address where address = $1", f"ada@{DOMAIN}")
    assert state == "burned"


@pytest.mark.promise("R10", "I3")
async def test_a_key_that_lands_late_is_revoked_and_the_stored_one_kept(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "api_keys.create", "late", delay_seconds=1.5, times=1)
    request = await bench.ask("ada")

    async with bench.working(sweep_seconds=(0.2, 2.5)):
        await bench.finished(request)
        await eventually(lambda: no_sweeps(bench))

    effects = bench.effects(f"ada@{DOMAIN}")
    assert (effects.count("key.created"), effects.count("key.revoked")) == (2, 1)
    account = (await bench.events(request.subject))[-1].data.account
    async with bench.pool.acquire() as connection:
        secret = await bench.context.vault.get(
            connection, id=account.credential_ref, tenant_id=account.tenant_id, kind="inbox_credential"
        )
    assert bench.simulator.sender(f"other@{DOMAIN}", secret or "", imap_username=account.address).is_success


async def test_a_saga_without_doubt_is_not_swept(bench: Bench) -> None:
    request = await bench.ask("fail-tag-ada")

    async with bench.working():
        await bench.finished(request)

    assert await no_sweeps(bench)


async def no_sweeps(bench: Bench) -> bool:
    return not await bench.pool.fetchval("select count(*) from sweep")
