"""The simulated DNS, asked over UDP and TCP as any resolver asks."""

from typing import Any

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.nameserver
import dns.rcode
import dns.resolver
import pytest

from tests.support.eventually import eventually
from tests.support.simulator import Simulated

NAME = "acme.example"


async def ask(
    simulator: Simulated, name: str, kind: str, *, tcp: bool = False, within: float = 10.0
) -> dns.message.Message:
    host, _, port = simulator.dns.partition(":")
    how: Any = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    answer: dns.message.Message = await how(
        dns.message.make_query(name, kind), host, port=int(port), timeout=within
    )
    return answer


def texts(answer: dns.message.Message) -> list[str]:
    return sorted(rdata.to_text() for rrset in answer.answer for rdata in rrset)


def zone(simulator: Simulated, name: str = NAME) -> str:
    found = simulator.http.get("/cloudflare/client/v4/zones", params={"name": name}).json()["result"]
    return f"/cloudflare/client/v4/zones/{found[0]['id']}/dns_records"


async def test_records_of_zones_and_records_published_by_hand_are_answered(simulator: Simulated) -> None:
    record = {"type": "MX", "name": NAME, "content": "mx.example", "priority": 10}
    assert simulator.post(zone(simulator), record).status_code == 200
    simulator.publish("TXT", f"_dmarc.{NAME}", "v=DMARC1; p=none")

    assert texts(await ask(simulator, f"{NAME}.", "MX")) == ["10 mx.example."]
    assert texts(await ask(simulator, f"_DMARC.{NAME}", "TXT", tcp=True)) == ['"v=DMARC1; p=none"']


async def test_a_name_without_such_records_is_told_from_no_name(simulator: Simulated) -> None:
    simulator.publish("TXT", f"key._domainkey.{NAME}", "k")

    here = await ask(simulator, f"key._domainkey.{NAME}", "MX")
    above = await ask(simulator, f"_domainkey.{NAME}", "TXT")
    nowhere = await ask(simulator, f"other._domainkey.{NAME}", "TXT")

    assert [answer.rcode() for answer in (here, above, nowhere)] == [
        dns.rcode.NOERROR,
        dns.rcode.NOERROR,
        dns.rcode.NXDOMAIN,
    ]
    assert not here.answer
    assert all("SOA" in answer.authority[0].to_text() for answer in (here, above, nowhere))


async def test_aliases_are_followed_and_wildcards_cover_what_is_not_there(simulator: Simulated) -> None:
    simulator.publish("CNAME", f"key.{NAME}", "target.example")
    simulator.publish("TXT", "target.example", "found")
    simulator.publish("MX", f"*.{NAME}", "any.example", 5)

    assert texts(await ask(simulator, f"key.{NAME}", "TXT")) == ['"found"', "target.example."]
    assert texts(await ask(simulator, f"key.{NAME}", "CNAME")) == ["target.example."]
    assert texts(await ask(simulator, f"anything.{NAME}", "MX")) == ["5 any.example."]
    assert not (await ask(simulator, f"key.{NAME}", "MX")).answer[1:]


async def test_what_is_too_large_for_udp_comes_over_tcp(simulator: Simulated) -> None:
    for number in range(20):
        simulator.publish("TXT", NAME, f"{number}:" + "x" * 400)

    cut = await ask(simulator, NAME, "TXT")
    whole = await ask(simulator, NAME, "TXT", tcp=True)

    assert cut.flags & dns.flags.TC
    assert len(texts(whole)) == 20


@pytest.mark.parametrize(
    "content", ["x" * 60_000, "\x00\x07\n\r\x1b[31m", "naïve ☃ " * 60, 'say "hi" \\o/', ""]
)
async def test_any_text_can_be_published(simulator: Simulated, content: str) -> None:
    simulator.publish("TXT", NAME, content)

    answer = await ask(simulator, NAME, "TXT", tcp=True)

    said = b"".join(answer.answer[0][0].strings)
    assert said.decode() == content


async def test_what_no_message_can_hold_is_a_failure(simulator: Simulated) -> None:
    simulator.publish("TXT", NAME, "x" * 70_000)

    assert (await ask(simulator, NAME, "TXT", tcp=True)).rcode() == dns.rcode.SERVFAIL


async def test_a_record_can_be_taken_back(simulator: Simulated) -> None:
    record = simulator.publish("TXT", NAME, "x")

    assert simulator.http.delete(f"/_sim/dns/{record}").status_code == 200
    assert simulator.http.delete(f"/_sim/dns/{record}").status_code == 404
    assert (await ask(simulator, NAME, "TXT")).rcode() == dns.rcode.NXDOMAIN


async def test_faults_strike_the_names_they_match(simulator: Simulated) -> None:
    simulator.publish("TXT", NAME, "x")
    simulator.fault("dns", "query", "servfail", match="acme.*", times=1)

    assert (await ask(simulator, NAME, "TXT")).rcode() == dns.rcode.SERVFAIL
    assert (await ask(simulator, NAME, "TXT")).rcode() == dns.rcode.NOERROR
    simulator.fault("dns", "*", "timeout", times=1)
    with pytest.raises(dns.exception.Timeout):
        await ask(simulator, NAME, "TXT", within=0.5)
    await eventually(
        lambda: [call["fault"] for call in simulator.calls("query")] == ["servfail", None, "timeout"]
    )


@pytest.mark.parametrize("kind", ["drop", "late"])
def test_faults_of_http_are_none_of_dns(simulator: Simulated, kind: str) -> None:
    assert simulator.post("/_sim/faults", {"provider": "dns", "kind": kind}).status_code == 400
    wrong = {"provider": "cloudflare", "kind": "servfail"}
    assert simulator.post("/_sim/faults", wrong).status_code == 400


async def test_a_resolver_works_with_it(simulator: Simulated) -> None:
    simulator.publish("TXT", NAME, "x" * 3_000)
    host, _, port = simulator.dns.partition(":")
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(host, int(port))]

    assert len(str((await resolver.resolve(NAME, "TXT"))[0])) > 3_000
    with pytest.raises(dns.resolver.NXDOMAIN):
        await resolver.resolve(f"no.{NAME}", "TXT")
    with pytest.raises(dns.resolver.NoAnswer):
        await resolver.resolve(NAME, "MX")
