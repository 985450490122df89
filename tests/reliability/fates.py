"""What three weeks bring to each account, drawn from a seed, and the days that must come of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.simulator.instantly import growth

REPUTATION_GOAL, SENT_GOAL = 90, 200
"""The policy `puffle`: an account may send once both are reached as totals of the provider's."""
DOMAIN = "weeks.example"


class Turn(StrEnum):
    """What happens to an account in its life."""

    NONE = "none"
    REST = "rest"
    """Paused, and resumed some days later."""
    PAUSE = "pause"
    DISABLE = "disable"
    BAN = "ban"
    LOSE = "lose"
    """Its mail is found nowhere: the provider's status -2."""
    SUSPEND = "suspend"
    REFUSE = "refuse"
    """The provider never lets its warmup begin."""


LIKELY = (
    (Turn.REST, 0.15), (Turn.PAUSE, 0.05), (Turn.DISABLE, 0.05), (Turn.BAN, 0.06), (Turn.LOSE, 0.04), (Turn.SUSPEND, 0.05),
    (Turn.REFUSE, 0.04),
)  # fmt: skip
NOONS = (3, 8, 12)
"""The days on which clients pause, resume and disable warmups."""
STOPS = {Turn.PAUSE: "paused", Turn.REST: "paused", Turn.DISABLE: "disabled"}
VERDICTS = {Turn.BAN: -1, Turn.LOSE: -2, Turn.SUSPEND: -3}


@dataclass(frozen=True, slots=True)
class Fate:
    """An account, and what happens to it at noon of which day; a rest ends at noon of another."""

    name: str
    turn: Turn
    on_day: int = 0
    until_day: int = 0

    @property
    def address(self) -> str:
        """The account's address."""
        return f"{self.name}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Life:
    """What must have come of an account: its judged days in order, and the public status at the end."""

    days: Sequence[tuple[int, str]]
    status: str
    totals: Sequence[tuple[int | None, int]]
    """The provider's score and mails sent in all, as each of those days had to see them."""


def fates(seed: int, accounts: int) -> list[Fate]:
    """Return the fate of each account; that of the nth is the same however many there are."""
    return [_fate(random.Random(f"{seed}:{number}"), number) for number in range(accounts)]


def _fate(chance: random.Random, number: int) -> Fate:
    turns = [turn for turn, _ in LIKELY]
    shares = [share for _, share in LIKELY]
    (turn,) = chance.choices([*turns, Turn.NONE], [*shares, 1.0 - sum(shares)])
    if turn in STOPS:
        on_day = chance.choice(NOONS[:-1])
        return Fate(f"ada-{number}", turn, on_day, chance.choice([day for day in NOONS if day > on_day]))
    if turn in VERDICTS:
        return Fate(f"ada-{number}", turn, chance.randint(1, 19))
    return Fate(f"{'fail-warmup' if turn is Turn.REFUSE else 'ada'}-{number}", turn)


def expected(fate: Fate, days: int) -> Life:
    """Return what must come of an account within so many days; it warms from day 0 on."""
    if fate.turn is Turn.REFUSE:
        return Life((), "pending", ())
    judged: list[tuple[int, str]] = []
    totals: list[tuple[int | None, int]] = []
    warmed = 0
    for day in range(1, days + 1):
        if _rests(fate, day - 1):
            continue
        warmed += 1
        totals.append((growth.score(warmed), growth.sent_until(warmed)))
        if fate.turn in VERDICTS and day > fate.on_day:
            judged.append((day, "suspend" if fate.turn is Turn.SUSPEND else "ban"))
            return Life(judged, "error", totals)
        is_enough = growth.score(warmed) >= REPUTATION_GOAL and growth.sent_until(warmed) >= SENT_GOAL
        graduates = is_enough and all(judgement != "graduate" for _, judgement in judged)
        judged.append((day, "graduate" if graduates else "continue"))
    if _rests(fate, days):
        return Life(judged, "active" if fate.turn is Turn.DISABLE else "paused", totals)
    has_graduated = any(judgement == "graduate" for _, judgement in judged)
    return Life(judged, "active" if has_graduated else "warming", totals)


def _rests(fate: Fate, day: int) -> bool:
    """Say whether it does not warm in the night after a day."""
    is_over = fate.turn is Turn.REST and day >= fate.until_day
    return fate.turn in STOPS and day >= fate.on_day and not is_over
