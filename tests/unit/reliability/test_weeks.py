"""What judges the weeks of accounts has teeth: a day too many, too few, too early or without a reason is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.reliability.fates import Fate, Turn, expected, fates
from tests.reliability.histories import GOALS, broken_weeks, different, fingerprint, histories, until
from tests.support.evidence import Evidence, Logged, Shown

ANCHOR = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = UUID(int=0xA1)
DAYS = 21
Row = dict[str, Any]


class Run:
    """Three weeks of one account as they had to be, for tests to change."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.life = expected(fate, DAYS)
        self.status = self.life.status
        self.rows: list[Row] = []
        self.log = [self.fact("warmup.started", 0, {"status": "warming"})]
        status = "warming"
        for (day, judgement), (score, sent) in zip(self.life.days, self.life.totals, strict=True):
            row = self._row(day, judgement, score, sent, status)
            self.rows.append(row)
            self.log.append(
                self.fact("warmup.day_recorded", day, {"status": status, "decision": row["decision"]})
            )
            if judgement == "graduate":
                status = "graduated"
                self.log.append(
                    self.fact("warmup.graduated", day, {"status": status, "decision": row["decision"]})
                )

    def broken(self) -> list[str]:
        """Return what the judge says."""
        return list(broken_weeks(self._evidence(), {ACCOUNT: self.rows}, [self.fate], DAYS))

    def told(self) -> Mapping[str, Any]:
        """Return the histories."""
        return histories(self._evidence(), {ACCOUNT: self.rows}, ANCHOR)

    def _evidence(self) -> Evidence:
        shown = Shown(ACCOUNT, self.fate.address, self.status, None, 1, len(self.log))
        return Evidence(log=self.log, accounts={ACCOUNT: shown})

    def _row(self, day: int, judgement: str, score: int | None, sent: int, status: str) -> Row:
        criteria = [
            {"name": name, "value": value, "at_least": goal, "is_met": (value or 0) >= goal}
            for name, value, goal in zip(GOALS, (score, sent), (90, 200), strict=True)
        ]
        decision = {
            "at": "an instant",
            "day": day,
            "policy": "puffle",
            "policy_version": 1,
            "judgement": judgement,
            "sentence": "A sentence.",
            "criteria": criteria if status == "warming" else [],
        }
        return {
            "day": day, "judgement": judgement, "reputation": score, "total_sent": sent, "decision": decision
        }  # fmt: skip

    def fact(self, kind: str, day: int, state: Row | None = None) -> Logged:
        """Return a fact of the warmup on a day, warming if nothing else is said."""
        said = state or {"status": "warming"}
        figures = {"address": self.fate.address, "days": [], **dict.fromkeys(FIGURES_ELSEWHERE), **said}
        at = ANCHOR + timedelta(days=day, hours=1)
        return Logged(
            "warmup", "t", 0, day, UUID(int=day), f"mailwright.{kind}.v1", ACCOUNT, at, day + 1, None, None,
            {"warmup": figures},
        )  # fmt: skip


FIGURES_ELSEWHERE = (
    "day", "total_sent", "total_received", "reputation", "health_score", "health_label", "provider_status", "qualified_days",
    "healthy_days", "recent_health", "recent_health_label", "reason",
)  # fmt: skip


def judged_twice(run: Run) -> None:
    run.rows.insert(3, run.rows[3])
    run.log.insert(4, run.log[4])


def told_twice(run: Run) -> None:
    run.log.insert(4, run.log[4])


def never_judged(run: Run) -> None:
    del run.rows[3], run.log[4]


def graduated_early(run: Run) -> None:
    for day, (judgement, row) in enumerate(zip(["graduate", "continue"], run.rows[12:14], strict=True), 13):
        row["judgement"] = judgement
        assert row["day"] == day


def without_a_sentence(run: Run) -> None:
    run.rows[5]["decision"]["sentence"] = ""


def without_its_goals(run: Run) -> None:
    run.rows[5]["decision"]["criteria"] = []


def figures_of_another_day(run: Run) -> None:
    run.rows[5]["total_sent"] -= 2


def shown_otherwise(run: Run) -> None:
    run.status = "warming"


PLAIN = Fate("ada-1", Turn.NONE)
LIVED = [
    PLAIN, Fate("ada-2", Turn.REST, 3, 8), Fate("ada-3", Turn.PAUSE, 3), Fate("ada-4", Turn.DISABLE, 8),
    Fate("ada-5", Turn.BAN, 5), Fate("ada-6", Turn.SUSPEND, 19),
]  # fmt: skip


@pytest.mark.parametrize("fate", LIVED, ids=lambda fate: fate.turn)
def test_weeks_as_they_had_to_be_break_nothing(fate: Fate) -> None:
    assert Run(fate).broken() == []


@pytest.mark.parametrize(
    "plant",
    [
        judged_twice, told_twice, never_judged, graduated_early, without_a_sentence, without_its_goals,
        figures_of_another_day, shown_otherwise,
    ],
)  # fmt: skip
def test_a_planted_bug_is_found(plant: Callable[[Run], None]) -> None:
    run = Run(PLAIN)

    plant(run)

    assert run.broken()


def test_a_fate_says_what_comes_of_it() -> None:
    graduated = [
        [day for day, judgement in expected(fate, DAYS).days if judgement == "graduate"] for fate in LIVED
    ]

    assert graduated == [[14], [19], [], [], [], [14]]
    assert [expected(fate, DAYS).status for fate in LIVED] == [
        "active", "active", "paused", "active", "error", "error",
    ]  # fmt: skip
    assert [len(expected(fate, DAYS).days) for fate in LIVED] == [21, 16, 3, 8, 6, 20]


def test_fates_depend_on_seed_and_number_only() -> None:
    assert fates(7, 100)[:10] == fates(7, 10)
    assert fates(7, 100) != fates(8, 100)


def test_histories_differ_when_anything_but_an_instant_does() -> None:
    run, other = Run(PLAIN), Run(PLAIN)
    other.rows[5]["decision"]["at"] = "another instant"
    assert fingerprint(other.told()) == fingerprint(run.told())
    before = deepcopy(run.told())

    other.rows[5]["decision"]["sentence"] = "Another sentence."

    assert fingerprint(other.told()) != fingerprint(run.told())
    assert until(other.told()[PLAIN.address], 5) == until(before[PLAIN.address], 5)
    assert until(other.told()[PLAIN.address], 6) != until(before[PLAIN.address], 6)


def test_the_number_of_attempts_a_start_took_makes_no_difference() -> None:
    run, other = Run(PLAIN), Run(PLAIN)

    other.log[1:1] = [other.fact("warmup.start_failed", 0), other.fact("warmup.started", 0)]

    assert other.told() == run.told()


@pytest.mark.parametrize("facts", [["warmup.started"], ["warmup.confirmed", "warmup.started"]])
def test_a_start_told_twice_makes_a_difference(facts: list[str]) -> None:
    run, other = Run(PLAIN), Run(PLAIN)

    other.log[1:1] = [other.fact(kind, 0) for kind in facts]

    [difference] = different(run.told(), other.told())
    assert difference.startswith(f"{PLAIN.address}: ")


def test_a_start_after_a_failed_one_makes_a_difference_where_none_was_told() -> None:
    run, other = Run(PLAIN), Run(PLAIN)

    other.log[2:2] = [other.fact("warmup.start_failed", 1), other.fact("warmup.started", 1)]

    assert list(different(run.told(), other.told()))
