"""The official cloudflare client drives the simulated Cloudflare."""

from collections.abc import Iterator
from typing import Any

import cloudflare
import pytest
from cloudflare import Cloudflare

from tests.support.eventually import eventually
from tests.support.simulator import Simulated

Client = Any  # a record is one of thirty types there
NAME = "acme.example"


@pytest.fixture
def client(simulator: Simulated) -> Iterator[Client]:
    base_url = f"{simulator.url}/cloudflare/client/v4"
    with Cloudflare(api_token="token", base_url=base_url, max_retries=0) as made:
        yield made


@pytest.fixture
def zone(client: Client) -> str:
    return str(next(iter(client.zones.list(name=NAME, status="active"))).id)


def test_every_zone_is_owned_except_those_that_begin_with_nozone(client: Client) -> None:
    assert [zone.name for zone in client.zones.list(name=NAME)] == [NAME]
    assert list(client.zones.list(name="nozone-acme.example")) == []


def test_a_record_lives_from_create_to_delete(client: Client, zone: str, simulator: Simulated) -> None:
    record = client.dns.records.create(
        zone_id=zone, type="MX", name=NAME, content="mx.example.", ttl=1, priority=10
    )

    assert record.content == "mx.example"
    assert client.dns.records.get(record.id, zone_id=zone).name == NAME
    client.dns.records.edit(
        record.id, zone_id=zone, type="MX", name=NAME, content="mx2.example", ttl=1, priority=5
    )
    listed = list(client.dns.records.list(zone_id=zone, name={"exact": NAME}, type="MX"))
    assert [one.content for one in listed] == ["mx2.example"]
    client.dns.records.delete(record.id, zone_id=zone)
    assert list(client.dns.records.list(zone_id=zone)) == []
    effects = [entry["effect"] for entry in simulator.ledger()]
    assert effects == ["record.created", "record.updated", "record.deleted"]


def test_an_identical_record_is_refused_by_its_code(client: Client, zone: str) -> None:
    client.dns.records.create(zone_id=zone, type="TXT", name=NAME, content='"v=spf1 -all"', ttl=1)

    with pytest.raises(cloudflare.BadRequestError) as caught:
        client.dns.records.create(zone_id=zone, type="TXT", name=NAME, content="v=spf1 -all", ttl=1)

    assert [error.code for error in caught.value.errors] == [81058]


def test_long_txt_values_come_back_in_quoted_chunks(client: Client, zone: str) -> None:
    value = "v=DKIM1; p=" + "A" * 400

    record = client.dns.records.create(zone_id=zone, type="TXT", name=f"k.{NAME}", content=value, ttl=1)

    chunks = str(record.content).split('" "')
    assert [len(chunk.strip('"')) for chunk in chunks] == [255, len(value) - 255]


def test_a_batch_applies_whole_or_not_at_all(client: Client, zone: str, simulator: Simulated) -> None:
    old = client.dns.records.create(zone_id=zone, type="TXT", name=f"old.{NAME}", content="x", ttl=1)
    post = {"type": "TXT", "name": f"new.{NAME}", "content": "y", "ttl": 1}

    with pytest.raises(cloudflare.BadRequestError):
        client.dns.records.batch(zone_id=zone, deletes=[{"id": old.id}], posts=[post, post])

    assert [one.name for one in client.dns.records.list(zone_id=zone)] == [f"old.{NAME}"]
    assert len(simulator.ledger()) == 1
    done = client.dns.records.batch(zone_id=zone, deletes=[{"id": old.id}], posts=[post])
    assert done is not None
    assert [one.name for one in client.dns.records.list(zone_id=zone)] == [f"new.{NAME}"]


def test_a_missing_record_and_a_missing_zone_are_404(client: Client, zone: str) -> None:
    with pytest.raises(cloudflare.NotFoundError) as caught:
        client.dns.records.get("f" * 32, zone_id=zone)
    assert [error.code for error in caught.value.errors] == [81044]
    with pytest.raises(cloudflare.NotFoundError):
        list(client.dns.records.list(zone_id="0" * 32))


async def test_published_records_verify_the_agentmail_domain(
    client: Client, zone: str, simulator: Simulated
) -> None:
    domain = simulator.post("/agentmail/v0/domains", {"domain": NAME}).json()
    wanted = [
        {
            "type": one["type"],
            "name": one["name"],
            "content": one["value"],
            "ttl": 1,
            "priority": one.get("priority"),
        }
        for one in domain["records"]
    ]

    client.dns.records.batch(zone_id=zone, posts=wanted)
    simulator.post(f"/agentmail/v0/domains/{NAME}/verify")

    path = f"/agentmail/v0/domains/{NAME}"
    await eventually(lambda: simulator.http.get(path).json()["status"] == "VERIFIED")
