"""What the simulated DNS answers to a question: records, aliases, wildcards, and which names do not exist."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from services.simulator.dns import at, exists, host, txt_value
from services.simulator.wire import Json
from services.simulator.world import World

UDP_PAYLOAD = 1232
_TTL = 60
_LONGEST_CHAIN = 8
_TXT_CHUNK = 255
_IN = dns.rdataclass.IN


def respond(world: World, query: dns.message.Message) -> dns.message.Message:
    """Return the answer to a query, as a server with authority over every name gives it."""
    response = dns.message.make_response(query, recursion_available=True, our_payload=UDP_PAYLOAD)
    response.flags |= dns.flags.AA
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    question = query.question[0]
    try:
        _answer(world, response, question.name, question.rdtype)
    except (dns.exception.DNSException, ValueError):  # a record whose content is no such record
        response.answer.clear()
        response.set_rcode(dns.rcode.SERVFAIL)
    return response


def failure(query: dns.message.Message) -> dns.message.Message:
    """Return the answer of a server in trouble."""
    response = dns.message.make_response(query, recursion_available=True, our_payload=UDP_PAYLOAD)
    response.set_rcode(dns.rcode.SERVFAIL)
    return response


def _answer(
    world: World, response: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> None:
    """Follow aliases to the records; a name without them is shown with the zone that says so."""
    kind = dns.rdatatype.to_text(rdtype)
    for _ in range(_LONGEST_CHAIN):
        records = _held(world, name)
        found = [record for record in records or () if record["type"] == kind]
        if found:
            response.answer.append(_rrset(name, found))
            return
        alias = next((record for record in records or () if record["type"] == "CNAME"), None)
        if alias is None:
            if records is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority.append(_start_of_authority(world, name))
            return
        response.answer.append(_rrset(name, [alias]))
        name = dns.name.from_text(alias["content"])
    response.set_rcode(dns.rcode.SERVFAIL)


def _held(world: World, name: dns.name.Name) -> list[Json] | None:
    """Return the records at a name, those of a wildcard if it is covered by one, or None if there is no such name."""
    text = _text(name)
    if exists(world, text):
        return at(world, text)
    while "." in text:
        text = text.partition(".")[2]
        if wild := at(world, f"*.{text}"):
            return wild
        if exists(world, text):
            return None
    return None


def _rrset(name: dns.name.Name, records: list[Json]) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, _TTL, [_rdata(record) for record in records])


def _rdata(record: Json) -> dns.rdata.Rdata:
    kind, content = record["type"], record["content"]
    if kind == "TXT":
        # Not read as zone file text, in which some of what records may hold cannot be written.
        value = txt_value(content).encode("utf-8", "surrogatepass")
        chunks = [value[start : start + _TXT_CHUNK] for start in range(0, len(value), _TXT_CHUNK)]
        return TXT(_IN, dns.rdatatype.TXT, chunks or [b""])
    if kind == "MX":
        content = f"{int(record.get('priority') or 0)} {content}."
    return dns.rdata.from_text(_IN, kind, f"{content}." if kind == "CNAME" else content)


def _start_of_authority(world: World, name: dns.name.Name) -> dns.rrset.RRset:
    """Return the record that lets nobody remember an absence: tests publish what was missing a moment ago."""
    text = _text(name)
    zones = [zone["name"] for zone in world.store.all("cf.zone")]
    holding = [zone for zone in zones if text == zone or text.endswith(f".{zone}")]
    apex = dns.name.from_text(max(holding, key=len, default=text.rpartition(".")[2]))
    return dns.rrset.from_text(apex, 0, _IN, "SOA", "ns.simulator. hostmaster.simulator. 1 3600 600 86400 0")


def _text(name: dns.name.Name) -> str:
    return host(name.to_text(omit_final_dot=True))
