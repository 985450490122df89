"""Creation that does not go through: what is undone, what is kept, and what the caller is told."""

from __future__ import annotations

import httpx
import pytest

from tests.contract.puffle.driver import (
    Json,
    Puffle,
    calls,
    effects,
    error_of,
    faulty,
    fresh,
    struck,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract

MADE_AND_UNDONE = {
    "inbox.created": "inbox.deleted",
    "key.created": "key.revoked",
    "sender.created": "sender.deleted",
    "tag.assigned": "tag.unassigned",
}


async def undone(sim: Simulated, address: str) -> list[str]:
    """Wait until everything that was made for an address is gone, and return all that happened."""

    def nets_to_zero() -> list[str]:
        happened = effects(sim, address)
        for made, unmade in MADE_AND_UNDONE.items():
            assert happened.count(made) == happened.count(unmade), happened
        return happened

    return await eventually(nets_to_zero, within=20)


async def test_a_provider_that_hangs_is_a_202_when_the_wait_ends(hanging: httpx.Response) -> None:
    assert hanging.status_code == 202
    assert hanging.json()["account"]["status"] == "provisioning"


@contract("S0-34", "A1", "A4")
@pytest.mark.parametrize(
    ("script", "last_made"), [("fail-sender", "inbox.created"), ("fail-tag", "sender.created")]
)
async def test_a_refusal_after_the_inbox_is_a_502_and_the_inbox_goes(
    puffle: Puffle, domain: Json, sim: Simulated, script: str, last_made: str
) -> None:
    name = fresh(script)
    address = f"{name}@{domain['domain']}"

    answer = await puffle.create(name, domain)

    assert answer.status_code == 502
    assert error_of(answer) == "provider_refused"
    happened = await undone(sim, address)
    assert {"inbox.created", last_made} <= set(happened)
    assert happened.index("inbox.deleted") == len(happened) - 1, "undone in reverse order"
    assert "warmup.enabled" not in happened


async def test_a_refused_inbox_is_a_502_and_the_address_stays_free(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("unlucky")
    address = f"{name}@{domain['domain']}"
    with faulty(sim, "agentmail", "inboxes.create", "status", status=422, match=address):
        refused = await puffle.create(name, domain)
    assert refused.status_code == 502
    assert error_of(refused) == "provider_refused"

    async def made() -> bool:
        return (await puffle.create(name, domain)).status_code == 201

    assert await eventually(made)
    assert effects(sim, address).count("inbox.created") == 1


@contract("S0-35", "A4")
async def test_a_clean_up_that_fails_hides_nothing_and_is_made_good_later(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("fail-sender")
    address = f"{name}@{domain['domain']}"

    with faulty(sim, "agentmail", "inboxes.delete", "status", status=500, match=address) as fault:
        answer = await puffle.create(name, domain)
        await struck(sim, fault)

    assert answer.status_code == 502
    assert error_of(answer) == "provider_refused"
    assert await undone(sim, address)


@contract("S0-38", "S0-39")
async def test_an_address_burned_by_an_undone_creation_is_a_409_that_says_so(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("fail-sender")
    address = f"{name}@{domain['domain']}"
    assert (await puffle.create(name, domain)).status_code == 502
    await undone(sim, address)
    asked = calls(sim, address, "inboxes.create") + calls(sim, domain["domain"], "inboxes.create")

    async def burned() -> Json | None:
        again = await puffle.create(name.upper(), domain)
        assert again.status_code == 409
        return again.json() if error_of(again) == "address_burned" else None

    refused = await eventually(burned)

    assert refused
    assert refused["reason"]
    assert refused["burned_at"].endswith("Z")
    now = calls(sim, address, "inboxes.create") + calls(sim, domain["domain"], "inboxes.create")
    assert now == asked, "the provider is not asked again"


@contract("S0-38")
async def test_an_address_whose_inbox_somebody_deleted_at_the_provider_is_a_409(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("reused")
    address = f"{name}@{domain['domain']}"
    assert sim.inbox(name, domain["domain"]).status_code == 200
    assert sim.http.delete(f"/agentmail/v0/inboxes/{address}").status_code in {202, 204}

    answer = await puffle.create(name, domain)

    assert answer.status_code == 409
    assert error_of(answer) in {"address_taken", "address_burned"}
    assert effects(sim, address) == ["inbox.created", "inbox.deleted"]


@contract("A6")
async def test_a_live_address_is_taken_for_everybody(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    name = fresh("twice")
    first = await puffle.account(name, domain)

    second = await puffle.create(name.upper(), domain)

    assert second.status_code == 409
    assert error_of(second) == "address_taken"
    assert effects(sim, first["email_address"]).count("inbox.created") == 1
    assert (await puffle.read(first["id"]))["status"] == "warming"


@contract("S0-49", "S0-50", "S0-52", "S1-34", "A1", "A2")
async def test_warmup_that_is_refused_leaves_a_pending_account_and_a_201(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    answer = await puffle.create(fresh("fail-warmup"), domain)

    assert answer.status_code == 201
    account = answer.json()["account"]
    assert (account["status"], account["warmup_status"]) == ("pending", "not_started")
    assert account["agentmail_inbox_id"]
    happened = effects(sim, account["email_address"])
    assert "sender.created" in happened
    assert not {"warmup.enabled", "inbox.deleted", "sender.deleted"} & set(happened)
    assert "warmup.start_failed" in await puffle.events(account["id"])


@contract("S0-51")
async def test_a_pending_account_gets_warm_by_the_retry_operation(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.stalled(sim, domain)

    answer = await puffle.retry(account["id"])

    assert answer.status_code == 200
    assert answer.json()["account"]["status"] == "warming"


async def test_a_failed_account_reads_as_failed_with_its_reason(puffle: Puffle, domain: Json) -> None:
    answer = await puffle.create(fresh("fail-sender"), domain, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202

    failed = await puffle.until(answer.json()["account"]["id"], "failed")

    assert failed["warmup_status"] == "not_started"
    assert failed["failure"]["code"] == "provider_refused"
    assert failed["failure"]["message"]
