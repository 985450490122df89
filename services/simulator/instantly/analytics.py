"""Instantly warmup analytics: per address, day by day and in total."""

from __future__ import annotations

from services.simulator.instantly import growth
from services.simulator.instantly.fields import body_of, emails_of
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World


def warmup(world: World, call: Call) -> Answer:
    """Return the totals and the last days of each address; unknown ones and those without data are absent."""
    emails = emails_of(body_of(call, {"emails": "strings"}), at_least=1)
    by_date: Json = {}
    totals: Json = {}
    now = world.days()
    for email in emails:
        account = world.store.get("in.account", email)
        if account is None:
            continue
        grown = growth.at(account, now)
        if grown.days == 0 or grown.score is None:
            continue
        by_date[email] = _dates(world, account, grown.days)
        totals[email] = {
            **growth.counters(growth.sent_until(grown.days)),
            "health_score": grown.score,
            "health_score_label": growth.label(grown.score),
        }
    return json_answer(200, {"email_date_data": by_date, "aggregate_data": totals})


def _dates(world: World, account: Json, days: int) -> Json:
    """Return the counters under the virtual dates on which the whole days of warmup began; a pause leaves a gap."""
    numbers = growth.day_numbers(account, days)
    return {
        world.virtual(numbers[day - 1]).date().isoformat(): growth.counters(growth.sent_on(day))
        for day in growth.shown_days(days)
    }


ROUTES: tuple[ProviderRoute, ...] = (Route("POST", "/accounts/warmup-analytics", "warmup.analytics", warmup),)
