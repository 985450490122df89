"""Which changes bring a zone from what it holds to what a domain needs, without touching what is its owner's: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.contracts.domains import DnsRecord

TXT_CHUNK = 255
_SEGMENT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """One record as a zone holds it."""

    id: str
    type: str
    name: str
    content: str
    claim_id: UUID | None = None
    """The claim it was made for, if the system made it."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A record of the zone that gets another content."""

    id: str
    record: DnsRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do in a zone, and what only its owner can decide.

    A put makes a record ours; a patch changes the content of one that stays its owner's. `conflicts` are wanted records that were left out, because publishing them would change where the owner's mail or
    traffic goes.
    """

    posts: tuple[DnsRecord, ...] = ()
    puts: tuple[Replacement, ...] = ()
    patches: tuple[Replacement, ...] = ()
    deletes: tuple[str, ...] = ()
    conflicts: tuple[DnsRecord, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.posts or self.puts or self.patches or self.deletes)


def plan(wanted: Sequence[DnsRecord], held: Iterable[ZoneRecord]) -> Plan:
    """Compare what a domain needs with what its zone holds; running it again after its changes yields no change."""
    by_name: dict[str, list[ZoneRecord]] = {}
    for record in held:
        by_name.setdefault(host(record.name), []).append(record)
    parts = [_plan_one(record, by_name.get(host(record.name), [])) for record in wanted]
    return Plan(
        posts=tuple(record for part in parts for record in part.posts),
        puts=tuple(put for part in parts for put in part.puts),
        patches=tuple(patch for part in parts for patch in part.patches),
        deletes=tuple(each for part in parts for each in part.deletes),
        conflicts=tuple(record for part in parts for record in part.conflicts),
    )


def _plan_one(wanted: DnsRecord, here: list[ZoneRecord]) -> Plan:
    same = [record for record in here if record.type == wanted.type]
    right = [record for record in same if _equals(wanted, record)]
    is_key = wanted.type == "TXT" and _kind(wanted.value) == "dkim"
    if right and not is_key:
        return Plan()
    if any(record.type == "CNAME" for record in here) or (wanted.type == "CNAME" and here):
        return Plan(conflicts=(wanted,))
    if is_key:
        return _plan_key(wanted, right, [record.id for record in same if record not in right])
    if wanted.type == "MX":
        return Plan(conflicts=(wanted,)) if same else Plan(posts=(wanted,))
    if wanted.type == "TXT":
        return _plan_txt(wanted, [record for record in same if _kind(record.content) == _kind(wanted.value)])
    return Plan(posts=(wanted,))


def _plan_txt(wanted: DnsRecord, alike: list[ZoneRecord]) -> Plan:
    kind = _kind(wanted.value)
    if not alike or kind == "other":
        return Plan(posts=(wanted,))
    if kind == "dmarc":  # the owner's policy stands, and satisfies whoever asks for one
        return Plan()
    if len(alike) > 1:  # two SPF records are an error already: which of them is meant is the owner's to say
        return Plan(conflicts=(wanted,))
    held = txt_value(alike[0].content)
    merged = merge_spf(held, wanted.value)
    if merged == held:
        return Plan()
    return Plan(patches=(Replacement(alike[0].id, wanted.model_copy(update={"value": merged})),))


def _plan_key(wanted: DnsRecord, right: list[ZoneRecord], stale: list[str]) -> Plan:
    """The selector is the provider's own: any other key there is stale."""
    if right:
        return Plan(deletes=tuple(stale))
    if stale:
        return Plan(puts=(Replacement(stale[0], wanted),), deletes=tuple(stale[1:]))
    return Plan(posts=(wanted,))


def _equals(wanted: DnsRecord, held: ZoneRecord) -> bool:
    """Compare what records say; the priority of a mail host is its owner's choice."""
    if wanted.type == "TXT":
        return txt_value(held.content) == txt_value(wanted.value)
    return host(held.content) == host(wanted.value)


def _kind(content: str) -> str:
    """Return what a TXT record is for, as far as two of them at one name could get in each other's way."""
    tag = re.split(r"[\s;]", txt_value(content).lstrip().lower(), maxsplit=1)[0]
    return {"v=spf1": "spf", "v=dkim1": "dkim", "v=dmarc1": "dmarc"}.get(tag, "other")


def merge_spf(held: str, wanted: str) -> str:
    """Return the held SPF policy with the wanted senders added before its final word; unchanged if it has them."""
    terms, known = held.split(), {term.lower() for term in held.split()}
    added = [
        term
        for term in wanted.split()[1:]
        if term.lower() not in known and not _is_final(term) and "=" not in term
    ]
    if not added:
        return held
    end = next((place for place, term in enumerate(terms) if _is_final(term)), len(terms))
    return " ".join([*terms[:end], *added, *terms[end:]])


def _is_final(term: str) -> bool:
    return term.lower().lstrip("+-~?") == "all" or term.lower().startswith("redirect=")


def host(name: str) -> str:
    """Return a host name in its comparable form."""
    return name.lower().rstrip(".")


def txt_value(content: str) -> str:
    """Return what a TXT record says: its quoted segments joined and unescaped, or the bare text."""
    if not content.startswith('"'):
        return content
    return "".join(_ESCAPED.sub(r"\1", segment) for segment in _SEGMENT.findall(content))


def txt_content(value: str) -> str:
    """Return a TXT value as zones take it: quoted segments of at most 255 bytes each."""
    escaped = [
        value[start : start + TXT_CHUNK].replace("\\", "\\\\").replace('"', '\\"')
        for start in range(0, len(value), TXT_CHUNK)
    ]
    return " ".join(f'"{chunk}"' for chunk in escaped or [""])


def zone_candidates(domain: str) -> list[str]:
    """Return the names a domain's zone may have: the domain itself, then each parent of at least two labels."""
    labels = host(domain).split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


@dataclass(frozen=True, slots=True)
class ZonePolicy:
    """Which zones the system may write to, and for whom.

    Read from `*` (all), `example.com` (for every tenant) and `<tenant id>:example.com` (for that tenant only), comma
    separated.
    """

    text: str

    def allows(self, zone: str, tenant_id: object) -> bool:
        """Tell whether records of this tenant's domains may be written into the zone."""
        entries = {entry.strip().lower() for entry in self.text.split(",")}
        return bool(entries & {"*", host(zone), f"{tenant_id}:{host(zone)}", f"{tenant_id}:*"})
