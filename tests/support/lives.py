"""What is known of the accounts that violations name: a violation alone does not say how it came to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from uuid import UUID

from tests.support.effects import owner
from tests.support.evidence import Evidence, Logged

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNTS_SHOWN = 4


def lives(evidence: Evidence, sentences: Sequence[str]) -> Iterator[str]:
    """Yield the events of the accounts that sentences name by id or address, and the providers' effects at those addresses."""
    text = "\n".join(sentences)
    addresses = set(_ADDRESS.findall(text))
    named: set[UUID | None] = {UUID(found) for found in _ID.findall(text)}
    effects = [entry for entry in evidence.ledger if entry["subject"] in addresses]
    answers = [each for each in evidence.answers if each.address in addresses or each.subject in named]
    named |= {event.subject for event in evidence.log if addresses & set(_ADDRESS.findall(str(event.data)))}
    named |= {owner(entry["key"]) for entry in effects} | {each.subject for each in answers}
    for subject in sorted(named & {event.subject for event in evidence.log}, key=str)[:_ACCOUNTS_SHOWN]:
        yield f"the life of {subject}:"
        lived = sorted((event for event in evidence.log if event.subject == subject), key=_when)
        yield from (_line(event) for event in lived)
    yield from (f"  at the provider: {entry}" for entry in effects)
    for each in answers:
        yield f"  a caller was told: {each.kind} {each.address} {each.status} {each.subject}"


def _when(event: Logged) -> tuple[str, int]:
    return event.time.isoformat(), event.position


def _line(event: Logged) -> str:
    data = event.data.get("account", event.data)
    told = {
        name: data[name] for name in ("address", "username", "status", "outcome", "code") if data.get(name)
    }
    return (
        f"  {event.time:%H:%M:%S.%f} {event.source} {event.kind} {event.sequence or ''} "
        f"[{event.topic} {event.partition}:{event.position}] request {event.request_id} {told}"
    )
