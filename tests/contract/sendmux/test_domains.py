"""Domains: registering them, publishing their records, having them checked, and giving them up."""

from __future__ import annotations

import pytest

from tests.contract.sendmux.driver import (
    DOMAINS,
    ETAG,
    INSTANT,
    MAILBOXES,
    Json,
    Sendmux,
    data_of,
    effects,
    error_of,
    fresh,
    refused,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract

FIELDS = {
    "id", "domain", "verification_status", "ses_dkim_status", "verified_at", "created_at", "mailbox_count", "dns_records",
}  # fmt: skip


@contract("S4-10", "A49")
async def test_registering_shows_the_records_and_verifying_is_another_call(
    sendmux: Sendmux, sim: Simulated
) -> None:
    name = f"{fresh('nozone')}.example"

    answer = await sendmux.http.post(DOMAINS, json={"domain": name.upper()})

    assert answer.status_code == 201
    domain = data_of(answer)
    assert set(domain) == FIELDS
    assert domain["id"].startswith("mdom_")
    assert answer.headers["location"] == f"{DOMAINS}/{domain['id']}"
    assert (domain["domain"], domain["verification_status"]) == (name, "pending")
    assert domain["verified_at"] is None
    assert INSTANT.fullmatch(domain["created_at"])
    assert domain["mailbox_count"] == 0
    records = domain["dns_records"]
    assert {"mx", "spf", "dmarc", "dkim", "verification"} <= set(records)
    assert {"priority", "target"} <= set(records["mx"][0])
    for record in (records["spf"], records["dmarc"], *records["dkim"], records["verification"]):
        assert record["name"].endswith(name)
        assert record["value"]
    assert records["dkim"]
    assert records["spf"]["value"].startswith("v=spf1")
    assert effects(sim, name).count("domain.created") == 1
    assert data_of(await sendmux.http.get(answer.headers["location"])) == domain


async def test_verifying_says_what_public_dns_shows_of_each_kind_of_record(
    sendmux: Sendmux, sim: Simulated
) -> None:
    domain = data_of(await sendmux.http.post(DOMAINS, json={"domain": f"{fresh('nozone')}.example"}))
    where = f"{DOMAINS}/{domain['id']}/verify"

    unpublished = await sendmux.http.post(where)

    assert unpublished.status_code == 200
    found = data_of(unpublished)
    assert set(found) == {"status", "ses_dkim_status", "checks"}
    assert found["status"] == "pending"
    assert found["checks"] == {"mx": False, "verification_txt": False, "spf": False, "dmarc": False}


async def test_a_domain_in_a_managed_zone_verifies_and_carries_mailboxes(sendmux: Sendmux) -> None:
    domain = await sendmux.domain()
    mailbox = await sendmux.mailbox(domain)

    checked = data_of(await sendmux.http.post(f"{DOMAINS}/{domain['id']}/verify"))
    now = data_of(await sendmux.http.get(f"{DOMAINS}/{domain['id']}"))

    assert checked == {
        "status": "verified",
        "ses_dkim_status": "success",
        "checks": {"mx": True, "verification_txt": True, "spf": True, "dmarc": True},
    }
    assert INSTANT.fullmatch(now["verified_at"])
    assert now["ses_dkim_status"] == "success"
    assert now["mailbox_count"] == 1
    await sendmux.http.delete(f"{MAILBOXES}/{mailbox['id']}")
    assert data_of(await sendmux.http.get(f"{DOMAINS}/{domain['id']}"))["mailbox_count"] == 0


async def test_reading_it_again_is_saved_by_its_etag(sendmux: Sendmux, domain: Json) -> None:
    first = await sendmux.http.get(f"{DOMAINS}/{domain['id']}")
    again = await sendmux.http.get(
        f"{DOMAINS}/{domain['id']}", headers={"If-None-Match": first.headers["etag"]}
    )

    assert ETAG.fullmatch(first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


async def test_the_zone_file_holds_every_record(sendmux: Sendmux) -> None:
    domain = data_of(await sendmux.http.post(DOMAINS, json={"domain": f"{fresh('nozone')}.example"}))

    answer = await sendmux.http.get(f"{DOMAINS}/{domain['id']}/zone-file")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0] == f"$ORIGIN {domain['domain']}."
    records = domain["dns_records"]
    for record in records["mx"]:
        assert f"{record['name']}. IN MX {record['priority']} {record['target']}." in lines
    assert f'{records["spf"]["name"]}. IN TXT "{records["spf"]["value"]}"' in lines
    signing = next(line for line in lines if line.startswith(records["dkim"][0]["name"]))
    strings = signing.partition(" IN TXT ")[2].strip('"').split('" "')
    assert "".join(strings) == records["dkim"][0]["value"]
    assert all(len(each) <= 255 for each in strings)


async def test_domains_are_listed_newest_first_with_the_usual_pages(
    sendmux: Sendmux, stranger: Sendmux
) -> None:
    made = [
        data_of(await sendmux.http.post(DOMAINS, json={"domain": f"{fresh('nozone')}.example"}))["id"]
        for _ in range(2)
    ]

    first = await sendmux.http.get(DOMAINS, params={"limit": "1"})
    cursor = first.json()["pagination"]["next_cursor"]
    second = await sendmux.http.get(DOMAINS, params={"limit": "1", "cursor": cursor})

    assert [each.json()["data"][0]["id"] for each in (first, second)] == made[::-1]
    assert refused(await sendmux.http.get(DOMAINS, params={"cursor": "x"})) == (400, "invalid_parameter")
    assert not set(made) & {each["id"] for each in (await stranger.http.get(DOMAINS)).json()["data"]}


@pytest.mark.parametrize("name", ["", "localhost", "-a.example", "a b.example", "ä.example", 5, None])
async def test_a_domain_that_is_none_is_refused(sendmux: Sendmux, name: object) -> None:
    answer = await sendmux.http.post(DOMAINS, json={"domain": name})

    assert refused(answer) == (400, "invalid_parameter")
    assert error_of(answer)["param"] == "domain"


async def test_a_domain_registered_here_or_verified_elsewhere_is_a_conflict(
    sendmux: Sendmux, stranger: Sendmux, domain: Json
) -> None:
    assert refused(await sendmux.http.post(DOMAINS, json={"domain": domain["domain"]})) == (409, "conflict")
    assert refused(await stranger.http.post(DOMAINS, json={"domain": domain["domain"]})) == (409, "conflict")


async def test_another_teams_domain_is_not_there(stranger: Sendmux, domain: Json) -> None:
    for answer in (
        await stranger.http.get(f"{DOMAINS}/{domain['id']}"),
        await stranger.http.get(f"{DOMAINS}/{domain['id']}/zone-file"),
        await stranger.http.post(f"{DOMAINS}/{domain['id']}/verify"),
        await stranger.http.delete(f"{DOMAINS}/{domain['id']}"),
    ):
        assert refused(answer) == (404, "not_found")


async def test_a_domain_is_deleted_only_without_mailboxes(sendmux: Sendmux, sim: Simulated) -> None:
    domain = await sendmux.domain()
    mailbox = await sendmux.mailbox(domain)
    where = f"{DOMAINS}/{domain['id']}"

    early = await sendmux.http.delete(where)
    await sendmux.http.delete(f"{MAILBOXES}/{mailbox['id']}")
    deleted = await sendmux.http.delete(where)

    assert refused(early) == (409, "conflict")
    assert deleted.status_code == 200, deleted.text
    assert data_of(deleted) == {"deleted": True, "id": domain["id"]}
    assert refused(await sendmux.http.get(where)) == (404, "not_found")
    assert domain["id"] not in str((await sendmux.http.get(DOMAINS)).json())

    def gone() -> bool:
        return effects(sim, domain["domain"]).count("domain.deleted") == 1

    assert await eventually(gone)
