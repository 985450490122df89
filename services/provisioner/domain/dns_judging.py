"""What DNS says of the records a domain needs, and how each of them measures up: pure functions.

The inbox provider decides by itself whether it finds the records good enough; this is for people, who want to see what
is wrong with which record, and for the ownership record, which only we look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.provisioner.domain.dns_sync import host
from shared.contracts.domains import DnsRecord

Purpose = Literal["mx", "spf", "dkim", "dmarc", "ownership", "other"]
Status = Literal["missing", "invalid", "valid"]
MOST_SEEN = 5
LONGEST_SEEN = 512
"""Bounds on what is shown of an answer; a 2048-bit key fits."""
_POLICIES = {
    "spf": re.compile(r"\s*v=spf1(?=\s|$)", re.IGNORECASE),
    "dmarc": re.compile(r"\s*v\s*=\s*dmarc1(?=[\s;]|$)", re.IGNORECASE),
}
"""What texts are meant as a policy of a kind begin with, right or wrong."""
_WISHES = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True)
class Question:
    """One question to DNS: a record type and a host name in its comparable form."""

    type: str
    name: str


Answers = Mapping[Question, Sequence[str] | None]
"""What each question was answered: text values, mail hosts as `<preference> <host>`; None where DNS was in trouble."""


def question_of(record: DnsRecord) -> Question:
    """Return what to ask DNS about a record."""
    return Question(record.type, host(record.name))


def purpose_of(record: DnsRecord) -> Purpose:
    """Return what a record is for, as its type, its name and its value tell."""
    labels = host(record.name).split(".")
    if record.type == "MX":
        return "mx"
    if "_domainkey" in labels:
        return "dkim"
    if labels[0] == "_mailwright":
        return "ownership"
    if labels[0] == "_dmarc":
        return "dmarc"
    return "spf" if record.type == "TXT" and _POLICIES["spf"].match(record.value) else "other"


def judged(records: Iterable[DnsRecord], answers: Answers) -> tuple[DnsRecord, ...]:
    """Return the records as DNS shows them; one about which DNS said nothing usable keeps how it stood."""
    return tuple(_judged(record, answers.get(question_of(record))) for record in records)


def _judged(record: DnsRecord, values: Sequence[str] | None) -> DnsRecord:
    purpose = purpose_of(record)
    if values is None:
        return record.model_copy(update={"purpose": purpose})
    concerned = _concerned(purpose, values)
    shown = [*sorted(concerned), *sorted(value for value in values if value not in concerned)]
    seen = tuple(_safe(value) for value in shown[:MOST_SEEN])
    return record.model_copy(
        update={"purpose": purpose, "status": _status(record, purpose, concerned), "seen": seen}
    )


def _concerned(purpose: Purpose, values: Sequence[str]) -> list[str]:
    """Return the values that stand for this purpose: other texts at the same name are nobody's business here."""
    meant = _POLICIES.get(purpose)
    return [value for value in values if meant is None or meant.match(value)]


def _status(record: DnsRecord, purpose: Purpose, values: list[str]) -> Status:
    if not values:
        return "missing"
    if purpose == "spf":  # several policies at one name are an error that switches them all off
        return "valid" if len(values) == 1 and _permits(values[0], record.value) else "invalid"
    if purpose == "dmarc":  # the owner's policy stands, whatever it says
        return "valid" if len(values) == 1 and is_dmarc_policy(values[0]) else "invalid"
    if purpose == "dkim" and record.type == "TXT":
        return "valid" if {_squeezed(value) for value in values} == {_squeezed(record.value)} else "invalid"
    if record.type == "TXT":
        return "valid" if any(value.strip() == record.value for value in values) else "invalid"
    return "valid" if any(host(value.split()[-1]) == host(record.value) for value in values) else "invalid"


def _permits(policy: str, wanted: str) -> bool:
    """Tell whether a policy lets through every sender that the wanted one does, before it says anything final."""
    given: set[str] = set()
    for term in policy.lower().split()[1:]:
        if term.lstrip("+-~?") == "all":
            break
        given.add(term.removeprefix("+"))
    asked = (term.lower().removeprefix("+") for term in wanted.split()[1:])
    return all(term in given for term in asked if term.lstrip("-~?") != "all" and "=" not in term)


def is_dmarc_policy(value: str) -> bool:
    """Tell whether a text is a policy that receivers heed: the version first, and one they know how to follow."""
    version, *rest = [part.strip() for part in value.split(";")]
    pairs = [part.partition("=") for part in rest if part]
    tags = {name.strip().lower(): said.strip().lower() for name, _, said in pairs}
    is_clean = len(tags) == len(pairs) and all(name.strip() and said.strip() for name, _, said in pairs)
    return bool(re.fullmatch(r"v\s*=\s*DMARC1", version)) and is_clean and tags.get("p") in _WISHES


def _squeezed(value: str) -> str:
    return "".join(value.split()).rstrip(";")


def _safe(value: str) -> str:
    """Return a text that does no harm wherever it is shown: no control characters, and not without end."""
    kept = value[:LONGEST_SEEN]
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in kept
    )
    return f"{shown[:LONGEST_SEEN]}…" if len(shown) > LONGEST_SEEN or len(value) > LONGEST_SEEN else shown
