"""Names that script outcomes, so that every path can be seen with curl."""

import time

import pytest

from tests.support.eventually import eventually
from tests.support.simulator import Simulated


def test_fail_inbox_is_refused_for_good(simulator: Simulated) -> None:
    assert simulator.inbox("fail-inbox-1").status_code == 422
    assert simulator.ledger() == []


def test_slow_inbox_takes_two_seconds(simulator: Simulated) -> None:
    began = time.monotonic()

    assert simulator.inbox("slow-inbox").status_code == 200

    assert time.monotonic() - began >= 2.0


def test_fail_sender_is_refused_for_good(simulator: Simulated) -> None:
    address = "fail-sender@myagentmail.com"
    simulator.inbox("fail-sender")

    assert simulator.sender(address, simulator.inbox_key(address)).status_code == 400
    assert simulator.ledger("sender.created") == []


def test_fail_tag_refuses_the_assignment(simulator: Simulated) -> None:
    address = "fail-tag@myagentmail.com"
    simulator.inbox("fail-tag")
    simulator.sender(address, simulator.inbox_key(address))
    tag = simulator.post("/instantly/api/v2/custom-tags", {"label": "t"}).json()["id"]

    body = {"tag_ids": [tag], "resource_type": 1, "resource_ids": [address], "assign": True}
    assert simulator.post("/instantly/api/v2/custom-tags/toggle-resource", body).status_code == 400
    assert simulator.ledger("tag.assigned") == []


async def test_fail_warmup_refuses_its_whole_batch(simulator: Simulated) -> None:
    addresses = ["ada@myagentmail.com", "fail-warmup@myagentmail.com"]
    for address in addresses:
        simulator.inbox(address.split("@")[0])
        simulator.sender(address, simulator.inbox_key(address))

    assert simulator.enable(*addresses).status_code == 400
    assert simulator.enable(addresses[0]).status_code == 200
    await eventually(lambda: simulator.account(addresses[0])["warmup_status"] == 1)
    assert simulator.account(addresses[1])["warmup_status"] == 0


async def test_banned_is_banned_on_the_next_virtual_day(simulator: Simulated) -> None:
    address = simulator.warmed("banned-1")
    await eventually(lambda: simulator.account(address)["warmup_status"] == 1)

    simulator.advance(1)

    assert simulator.account(address)["warmup_status"] == -1


async def test_a_domain_that_begins_with_nodns_never_verifies(simulator: Simulated) -> None:
    domain = simulator.post("/agentmail/v0/domains", {"domain": "nodns.example"}).json()
    for one in domain["records"]:
        body = {"type": one["type"], "name": one["name"], "content": one["value"]}
        simulator.post("/_sim/dns", {**body, "priority": one.get("priority")})

    simulator.post("/agentmail/v0/domains/nodns.example/verify")

    shown = simulator.http.get("/agentmail/v0/domains/nodns.example").json()
    assert (shown["status"], shown["reason"]) == ("PENDING", "dns_records_missing")


@pytest.mark.parametrize("name", ["myagentmail.com", "myagent.mx"])
def test_platform_domains_are_verified_from_the_start(simulator: Simulated, name: str) -> None:
    assert simulator.http.get(f"/agentmail/v0/domains/{name}").json()["status"] == "VERIFIED"
