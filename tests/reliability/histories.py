"""The histories of warmups, told so that they can be compared and held to what had to come of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import Any
from uuid import UUID

import asyncpg

from tests.reliability.fates import Fate, Life, expected
from tests.support.evidence import Evidence, Json, Logged

DAYS = "select account_id, day, judgement, reputation, total_sent, reason, decision from warmup.warmup_day order by day"
FIGURES = (
    "status", "day", "total_sent", "total_received", "reputation", "health_score", "health_label", "provider_status",
    "qualified_days", "healthy_days", "recent_health", "recent_health_label", "reason",
)  # fmt: skip
_OF_A_MOMENT = {"at", "expected_at"}
_BESIDE_THE_POINT = frozenset({"warmup.start_failed", "warmup.confirmed"})
"""How many attempts a start took, and whether the provider's word came with its acceptance or after it."""
_BEGUN = frozenset({"warmup.started", "warmup.resumed"})
COMPLETE = ("policy", "policy_version", "judgement", "sentence", "at", "day")
"""What every decision says, beside the goals that are still to be reached."""
GOALS = ["reputation", "total_sent"]
_JUDGED = frozenset({"warmup.graduated", "warmup.banned", "warmup.suspended", "warmup.fell_back"})
"""What a judged day leads to."""

History = list[Json]


async def judged_days(
    connection: asyncpg.Connection[asyncpg.Record],
) -> dict[UUID, list[Mapping[str, Any]]]:
    """Return every account's rows of judged days in order."""
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in await connection.fetch(DAYS):
        found.setdefault(row["account_id"], []).append({**row, "decision": json.loads(row["decision"])})
    return found


def histories(
    evidence: Evidence, judged: Mapping[UUID, Sequence[Mapping[str, Any]]], anchor: datetime
) -> dict[str, History]:
    """Return the story of every account by its address: what happened, on which day, seen how and why.

    Instants, ids and the number of attempts are not part of it.
    """
    return {
        facts[-1].data["warmup"]["address"]: _story(facts, iter(judged.get(subject, ())), anchor)
        for (aggregate, subject), facts in evidence.facts().items()
        if aggregate == "warmup"
    }


def _story(facts: Sequence[Logged], judged: Iterator[Mapping[str, Any]], anchor: datetime) -> History:
    story: History = []
    for before, fact in zip([None, *facts], facts, strict=False):
        state = fact.data["warmup"]
        if fact.kind in _BESIDE_THE_POINT or _is_one_more_attempt(before, fact, story):
            continue
        if fact.kind == "warmup.day_recorded":
            row = next(judged, None)
            decision = {name: value for name, value in state["decision"].items() if name not in _OF_A_MOMENT}
            days = [
                {**day, "date": (date.fromisoformat(day["date"]) - anchor.date()).days}
                for day in state["days"]
            ]
            figures = {name: state[name] for name in FIGURES}
            story.append(
                {"on": row and row["day"], "what": fact.kind, "why": decision, "days": days, **figures}
            )
            continue
        on = story[-1]["on"] if fact.kind in _JUDGED else (fact.time - anchor).days
        story.append({"on": on, "what": fact.kind, "status": state["status"], "reason": state["reason"]})
    return story


def _is_one_more_attempt(before: Logged | None, fact: Logged, story: History) -> bool:
    """Say whether a start only makes good a failed one of what was told last; a start told twice by itself is no such."""
    has_failed = before is not None and before.kind == "warmup.start_failed"
    return has_failed and fact.kind == "warmup.started" and bool(story) and story[-1]["what"] in _BEGUN


def until(history: History, day: int) -> History:
    """Return a history without what came after a day."""
    return [told for told in history if told["on"] <= day]


def different(told: Mapping[str, History], other: Mapping[str, History]) -> Iterator[str]:
    """Say of every address where its two histories part."""
    for address in sorted(told.keys() | other.keys()):
        pairs = zip_longest(told.get(address, []), other.get(address, []))
        if parting := next(((one, two) for one, two in pairs if one != two), None):
            yield f"{address}: {parting[0]} and {parting[1]}"


def fingerprint(told: Mapping[str, History]) -> str:
    """Return the SHA-256 of histories."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def broken_weeks(
    evidence: Evidence, judged: Mapping[UUID, Sequence[Mapping[str, Any]]], lived: Sequence[Fate], days: int
) -> Iterator[str]:
    """I12: each due account-day is judged once and told once, with its reason, and nobody graduates a day early."""
    ids = {shown.address: shown.id for shown in evidence.accounts.values()}
    facts = evidence.facts()
    for fate in lived:
        life, account_id = expected(fate, days), ids.get(fate.address)
        if account_id is None:
            yield f"{fate.address} is not there"
            continue
        yield from _wrong_days(fate, life, judged.get(account_id, ()), facts["warmup", account_id])
        status = evidence.accounts[account_id].status
        if status != life.status:
            yield f"{fate.address} ({fate.turn}) is {status}, not {life.status}"


def _wrong_days(
    fate: Fate, life: Life, rows: Sequence[Mapping[str, Any]], facts: Sequence[Logged]
) -> Iterator[str]:
    found = [(row["day"], row["judgement"]) for row in rows]
    if found != list(life.days):
        yield f"{fate.address} ({fate}) was judged {found}, not {list(life.days)}"
    seen = [(row["reputation"], row["total_sent"]) for row in rows]
    if seen != list(life.totals):
        yield f"{fate.address} was seen with {seen}, not {list(life.totals)}"
    told = [fact for fact in facts if fact.kind == "warmup.day_recorded"]
    if [_decision(fact) for fact in told] != [row["decision"] for row in rows]:
        yield f"{fate.address} was told {len(told)} days, and {len(rows)} are kept"
    for fact in told:
        yield from _unexplained(fate, fact)
    graduations = [fact for fact in facts if fact.kind == "warmup.graduated"]
    if len(graduations) != sum(judgement == "graduate" for _, judgement in life.days):
        yield f"{fate.address} graduated {len(graduations)} times"
    for fact in graduations:
        if unmet := [each for each in _decision(fact)["criteria"] if not each["is_met"]]:
            yield f"{fate.address} graduated without {unmet}"


def _unexplained(fate: Fate, fact: Logged) -> Iterator[str]:
    """Yield what a told day does not say of why it was judged so."""
    decision = _decision(fact)
    if missing := [name for name in COMPLETE if not decision.get(name)]:
        yield f"{fate.address}: a decision without {', '.join(missing)}"
    names = [each["name"] for each in decision["criteria"]]
    if fact.data["warmup"]["status"] == "warming" and names != GOALS:
        yield f"{fate.address}: a decision about {names}"


def _decision(fact: Logged) -> Json:
    decision: Json = fact.data["warmup"]["decision"]
    return decision
