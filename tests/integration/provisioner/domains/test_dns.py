"""What real DNS says of a domain's records, asked over the network, and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dns.asyncresolver import Resolver
from dns.nameserver import Do53Nameserver

from services.provisioner.domain.dns_judging import MOST_SEEN, Question
from services.provisioner.providers.dns import PublicDns, parse_servers
from shared.contracts.answers import Outcome
from shared.contracts.domains import DnsRecord, DomainState
from shared.contracts.requests import Dialect
from tests.support.domain_bench import Bench, Tenant, bench
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

NAME = "nozone.example"
OLD, NEW = "A" * 43 + "=", "B" * 42 + "A="


def publish(simulator: Simulated, record: DnsRecord) -> str:
    return simulator.publish(record.type, record.name, record.value, record.priority)


def statuses(state: DomainState) -> dict[str, str]:
    return {
        record.purpose if record.name != NAME else f"{record.purpose} @": record.status
        for record in state.dns_records
    }


@pytest.mark.contract("S0-20", "S0-21", "S0-23")
async def test_records_published_by_hand_verify_a_domain_in_nobodys_zone(
    domains: Bench, acme: Tenant
) -> None:
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.answer(asked.request_id)
        state = await domains.state(asked.domain_id)
        checked = await domains.verify(asked.domain_id, acme)
        await domains.answer(checked.request_id)
        assert set(statuses(await domains.state(asked.domain_id)).values()) == {"missing"}

        for record in state.dns_records:
            publish(domains.simulator, record)

        state = await domains.has_status(asked.domain_id, "verified")
    assert set(statuses(state).values()) == {"valid"}
    assert all(record.seen for record in state.dns_records)
    assert {record.purpose for record in state.dns_records} == {"mx", "spf", "dkim", "dmarc", "ownership"}


async def test_each_record_says_what_is_wrong_with_it(domains: Bench, acme: Tenant) -> None:
    simulator = domains.simulator
    simulator.publish("MX", NAME, "mail.other.example", 5)
    simulator.publish("TXT", f"mail.{NAME}", "v=spf1 include:other.example -all")
    simulator.publish("TXT", f"agentmail._domainkey.{NAME}", "v=DKIM1; k=rsa; p=OLD")
    simulator.publish("TXT", f"_dmarc.{NAME}", "v=DMARC1; p=none; rua=mailto:a@other.example")
    for number in range(20):
        simulator.publish("TXT", f"_mailwright.{NAME}", f"\x1b[31m{number}\r\n")
    async with domains.working():
        asked = await domains.claim(NAME, acme)
        await domains.answer(asked.request_id)
        checked = await domains.verify(asked.domain_id, acme)
        await domains.answer(checked.request_id)

    records = {record.name: record for record in (await domains.state(asked.domain_id)).dns_records}
    seen = {name: (record.status, record.seen[:1]) for name, record in records.items()}
    assert seen[NAME] == ("invalid", ("5 mail.other.example",))
    assert seen[f"agentmail._domainkey.{NAME}"] == ("invalid", ("v=DKIM1; k=rsa; p=OLD",))
    assert seen[f"_dmarc.{NAME}"][0] == "valid"
    ours = records[f"_mailwright.{NAME}"]
    assert (ours.status, len(ours.seen)) == ("invalid", MOST_SEEN)
    assert all(char.isprintable() for value in ours.seen for char in value)
    assert ours.value.startswith("mailwright-verification=")


async def test_the_providers_word_alone_verifies_nobody(domains: Bench, acme: Tenant, globex: Tenant) -> None:
    """Records that one tenant published for the provider are no proof of what another one owns."""
    async with domains.working():
        ours = await domains.claim(NAME, acme)
        theirs = await domains.claim(NAME, globex)
        for asked in (ours, theirs):
            await domains.answer(asked.request_id)
        for record in (await domains.state(ours.domain_id)).dns_records:
            if record.purpose != "ownership":
                publish(domains.simulator, record)
        for asked, who in ((ours, acme), (theirs, globex)):
            await domains.verify(asked.domain_id, who)

        async def is_verified_there() -> bool:
            found = domains.simulator.http.get(f"/agentmail/v0/domains/{NAME}").json()
            return bool(found["status"] == "VERIFIED")

        await eventually(is_verified_there)
        proof = next(
            record
            for record in (await domains.state(theirs.domain_id)).dns_records
            if record.purpose == "ownership"
        )
        publish(domains.simulator, proof)

        await domains.has_status(theirs.domain_id, "verified")
        assert (await domains.state(ours.domain_id)).status == "verifying"
        last = [record.status for record in (await domains.state(ours.domain_id)).dns_records][-1]
        assert last in {"missing", "invalid"}


async def test_one_proof_serves_every_claim_of_its_tenant(domains: Bench, acme: Tenant) -> None:
    claimers = [acme, Tenant(id=acme.id), replace(acme, dialect=Dialect.MYAGENTMAIL)]
    async with domains.working():
        asked = [(await domains.claim(NAME, who), who) for who in claimers]
        for each, _ in asked:
            await domains.answer(each.request_id)
        for record in (await domains.state(asked[0][0].domain_id)).dns_records:
            publish(domains.simulator, record)
        for each, who in asked:
            await domains.verify(each.domain_id, who)
            await domains.has_status(each.domain_id, "verified")


async def test_one_proof_outlives_every_change_of_the_master_keys(
    database: str, simulator: Simulated, acme: Tenant
) -> None:
    """The record is not shown anew for a key that is added; one of a key that is gone still proves."""
    shown = []
    for keys in (f"1:{OLD}", f"2:{NEW}, 1:{OLD},", f"2:{NEW}"):
        who = Tenant(id=acme.id)
        async with bench(database, simulator, master_keys=keys) as domains, domains.working():
            asked = await domains.claim(NAME, who)
            await domains.answer(asked.request_id)
            records = (await domains.state(asked.domain_id)).dns_records
            shown.append(next(record.value for record in records if record.purpose == "ownership"))
            if len(shown) == 1:
                for record in records:
                    publish(simulator, record)
            await domains.verify(asked.domain_id, who)
            await domains.has_status(asked.domain_id, "verified")
            await domains.answer((await domains.delete(asked.domain_id, who)).request_id)

    assert shown[0] == shown[1] != shown[2]


@pytest.mark.parametrize("kind", ["servfail", "timeout"])
async def test_trouble_of_dns_is_never_taken_for_a_missing_record(
    database: str, simulator: Simulated, acme: Tenant, kind: str
) -> None:
    fault = simulator.fault("dns", "*", kind)
    async with bench(database, simulator, dns_timeout_seconds=0.5) as domains, domains.working():
        asked = await domains.claim("acme.example", acme)
        await domains.answer(asked.request_id)
        checked = await domains.verify(asked.domain_id, acme)
        assert (await domains.answer(checked.request_id)).outcome is Outcome.DONE
        before = await domains.state(asked.domain_id)
        assert before.status == "verifying"
        assert not any(record.seen for record in before.dns_records)

        simulator.http.delete(f"/_sim/faults/{fault}")
        await domains.has_status(asked.domain_id, "verified")
        facts = await domains.facts(asked.domain_id)
    assert "failed" not in {fact.domain.status for fact in facts}


async def test_answers_are_found_missing_and_in_trouble(simulator: Simulated) -> None:
    simulator.publish("TXT", "a.example", "x" * 60_000)
    simulator.publish("MX", "a.example", "mx.example", 10)
    simulator.publish("CNAME", "b.example", "a.example")
    simulator.fault("dns", "*", "servfail", match="down.*")
    simulator.fault("dns", "*", "timeout", match="silent.*")
    dns, hasty = (PublicDns(parse_servers(simulator.dns), timeout_seconds=each) for each in (10.0, 0.4))
    label = "x" * 64

    answers = await dns.look_up(
        Question(kind, name)
        for kind, name in (
            ("TXT", "a.example"), ("MX", "a.example"), ("CNAME", "b.example"), ("TXT", "b.example"), ("MX", "no.example"),
            ("CNAME", "a.example"), ("TXT", f"{label}.example"), ("TXT", ".".join(["y" * 60] * 5)), ("TXT", "a..example"),
        )
    )  # fmt: skip
    trouble = await hasty.look_up(Question("TXT", name) for name in ("down.example", "silent.example"))

    said = [None if values is None else [value[:20] for value in values] for values in answers.values()]
    long = ["x" * 20]
    assert said == [long, ["10 mx.example"], ["a.example"], long, [], [], [], [], []]
    assert list(trouble.values()) == [None, None]


async def test_no_answer_is_remembered(simulator: Simulated) -> None:
    dns = PublicDns(parse_servers(simulator.dns), timeout_seconds=10.0)
    question = Question("TXT", "a.example")
    assert await dns.look_up([question, question]) == {question: []}

    simulator.publish("TXT", "a.example", "here")

    assert await dns.look_up([question]) == {question: ["here"]}
    assert len(simulator.calls("query")) == 2


async def test_a_server_may_be_named_and_one_that_is_away_is_trouble(simulator: Simulated) -> None:
    question = Question("TXT", "a.example")
    named = PublicDns(parse_servers(simulator.dns.replace("127.0.0.1", "localhost")), timeout_seconds=10.0)
    nowhere = PublicDns(parse_servers("no-such-host.invalid:53"), timeout_seconds=0.4)
    silent = PublicDns(parse_servers("127.0.0.1:1"), timeout_seconds=0.4)

    assert await named.look_up([question]) == {question: []}
    assert await nowhere.look_up([question]) == {question: None}
    assert await silent.look_up([question]) == {question: None}


async def test_the_systems_servers_are_asked_when_none_are_given(
    simulator: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, _, port = simulator.dns.partition(":")

    def read(resolver: Resolver, _: str) -> None:
        resolver.nameservers = [Do53Nameserver(host, int(port))]

    monkeypatch.setattr("dns.resolver.BaseResolver.read_resolv_conf", read)
    simulator.publish("TXT", "a.example", "here")
    question = Question("TXT", "a.example")

    assert await PublicDns([], timeout_seconds=10.0).look_up([question]) == {question: ["here"]}
