"""Public DNS, asked anew every time: nothing is remembered from one look to the next."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from services.provisioner.domain.dns_judging import Answers, Question
from shared.observability import metrics
from shared.observability.logging import get_logger

log = get_logger(__name__)

DNS_PORT = 53
UDP_PAYLOAD = 1232
"""Answers of this size cross every network in one piece; larger ones come over TCP."""
CONCURRENCY = 16
"""Questions of one process under way at the same time."""

Server = tuple[str, int]


class PublicDns:
    """Looks records up at the given servers, or at the system's if there are none; a timeout is in seconds."""

    def __init__(self, servers: Sequence[Server], *, timeout_seconds: float) -> None:
        self._servers = servers
        self._timeout_seconds = timeout_seconds
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def look_up(self, questions: Iterable[Question]) -> Answers:
        """Return what DNS says to each question: nothing there is an empty answer, trouble is None."""
        distinct = list(dict.fromkeys(questions))
        try:
            resolver = await self._resolver()
        except (OSError, dns.exception.DNSException) as error:
            log.warning("dns_without_servers", error=type(error).__name__)
            return dict.fromkeys(distinct)
        answers = await asyncio.gather(*(self._ask(resolver, question) for question in distinct))
        return dict(zip(distinct, answers, strict=True))

    async def _ask(self, resolver: dns.asyncresolver.Resolver, question: Question) -> list[str] | None:
        outcome = "trouble"
        try:
            async with self._slots:
                found = await resolver.resolve(question.name, question.type, search=False)
            outcome = "found"
            return [_text(rdata) for rdata in found]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            outcome = "missing"
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            outcome = "missing"  # nothing can stand at a name that DNS cannot hold
            return []
        except (dns.exception.DNSException, OSError) as error:
            log.info("dns_trouble", name=question.name, type=question.type, error=type(error).__name__)
            return None
        finally:
            metrics.PROVIDER_CALLS.labels("dns", "lookup", outcome).inc()

    async def _resolver(self) -> dns.asyncresolver.Resolver:
        if not self._servers:
            resolver = dns.asyncresolver.Resolver()
        else:
            resolver = dns.asyncresolver.Resolver(configure=False)
            resolver.nameservers = [
                dns.nameserver.Do53Nameserver(address, port)
                for host, port in self._servers
                for address in await _addresses(host)
            ]
        resolver.cache = None
        resolver.lifetime = self._timeout_seconds
        resolver.use_edns(0, 0, UDP_PAYLOAD)
        return resolver


def parse_servers(text: str) -> list[Server]:
    """Return the servers of a comma separated list of `host`, `host:port` and `[IPv6 address]:port`.

    Raises:
        ValueError: An entry is none of these.
    """
    return [_server(entry.strip()) for entry in text.split(",") if entry.strip()]


def _server(entry: str) -> Server:
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        port = rest.removeprefix(":")
    elif entry.count(":") > 1:
        host, port = entry, ""
    else:
        host, _, port = entry.partition(":")
    if not host or (port and not (port.isdecimal() and 0 < int(port) < 65_536)):
        raise ValueError("A DNS server is given as host or host:port.")
    return host, int(port) if port else DNS_PORT


async def _addresses(host: str) -> list[str]:
    """Return the addresses of a server; a name is resolved each time, because containers move."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _text(rdata: dns.rdata.Rdata) -> str:
    """Return a record's value as one text: the strings of a TXT joined, whatever bytes they hold."""
    if isinstance(rdata, TXT):
        return b"".join(rdata.strings).decode("utf-8", "backslashreplace")
    if isinstance(rdata, MX):
        return f"{rdata.preference} {rdata.exchange.to_text(omit_final_dot=True)}"
    return rdata.to_text().rstrip(".")
