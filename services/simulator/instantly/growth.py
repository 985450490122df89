"""How an account's warmup grows: pure functions of the virtual days it has been warming."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.simulator.wire import Json
from services.simulator.world import local_part_begins

PAUSED, ACTIVE, BANNED = 0, 1, -1

_FIRST_DAY_SENT = 2
_LARGEST_DAY_SENT = 40
_SPAM_ONE_IN = 20
_FIRST_SCORE = 62
_SCORE_PER_DAY = 2
_SHOWN_DAYS = 30

NEW: Json = {"_enabled": False, "_runs": [], "_running_since": None, "_first_warm_day": None}
"""The warmup part of a fresh account: `_runs` are the first virtual days and the whole days of earlier runs,
`_running_since` is the virtual day on which the present one began."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What the provider knows about a warmup at one instant."""

    status: int
    days: int
    score: int | None


def at(account: Json, now: float) -> Growth:
    """Return the warmup's state at a virtual day; an address that begins with `banned` is banned after one day."""
    running = 0 if account["_running_since"] is None else max(math.floor(now - account["_running_since"]), 0)
    days = sum(length for _, length in account["_runs"]) + running
    if local_part_begins(account["email"], "banned") and days >= 1:
        return Growth(BANNED, 1, score(1))
    status = account.get("_verdict") or (ACTIVE if account["_enabled"] else PAUSED)
    points = account.get("_score")
    return Growth(status, days, (score(days) if points is None else points) if days else None)


def enabled(account: Json, now: float) -> Json:
    """Return the account with its warmup running from now on."""
    first = now if account["_first_warm_day"] is None else account["_first_warm_day"]
    return {**account, "_enabled": True, "_running_since": now, "_first_warm_day": first}


def disabled(account: Json, now: float) -> Json:
    """Return the account with its warmup stopped, its totals kept."""
    runs = _runs(account, at(account, now).days)
    return {**account, "_enabled": False, "_running_since": None, "_runs": runs}


def day_numbers(account: Json, days: int) -> list[int]:
    """Return the virtual day on which each of an account's first days of warmup began; days of pauses are not among them."""
    runs = _runs(account, days)
    return [first + day for first, length in runs for day in range(length)][:days]


def _runs(account: Json, days: int) -> list[list[int]]:
    """Return the runs of an account that has warmed for so many whole days, the present one included."""
    earlier: list[list[int]] = account["_runs"]
    left = days - sum(length for _, length in earlier)
    if account["_running_since"] is None or left <= 0:
        return earlier
    return [*earlier, [math.floor(account["_running_since"]), left]]


def score(days: int) -> int:
    """Return the reputation after whole days of warmup: 90 on day 14."""
    return min(_FIRST_SCORE + _SCORE_PER_DAY * days, 100)


def sent_on(day: int) -> int:
    """Return the mails sent on the nth day of warmup, counted from 1: two more each day, 210 in all after 14."""
    return min(_FIRST_DAY_SENT * day, _LARGEST_DAY_SENT)


def sent_until(days: int) -> int:
    """Return the mails sent over the first days together."""
    ramp = min(days, _LARGEST_DAY_SENT // _FIRST_DAY_SENT)
    return ramp * (ramp + 1) * _FIRST_DAY_SENT // 2 + (days - ramp) * _LARGEST_DAY_SENT


def counters(sent: int) -> Json:
    """Return the provider's counters for a number of mails; zeros are left out, as it leaves them out."""
    spam = sent // _SPAM_ONE_IN
    numbers = {"sent": sent, "landed_inbox": sent - spam, "landed_spam": spam, "received": sent}
    return {name: number for name, number in numbers.items() if number}


def shown_days(days: int) -> range:
    """Return the days of warmup, counted from 1, that the provider still shows one by one."""
    return range(max(days - _SHOWN_DAYS, 0) + 1, days + 1)


def label(points: int) -> str:
    """Return the health score as the provider words it."""
    return f"{points}%"
