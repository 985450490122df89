"""What counts as news from the provider, and what stays when there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from services.warmup.domain.attempts import Sender, SenderStatus
from services.warmup.domain.figures import SHOWN_DAYS, Figures, observed
from shared.contracts.warmups import WarmupDay, WarmupStatus
from tests.unit.warmup.test_decisions import warmup

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SENDER = Sender(SenderStatus.WARMING, 72.0, 1)
DAYS = tuple(
    WarmupDay(date=date(2026, 1, 1) + timedelta(days=number), sent=2, received=2) for number in range(40)
)


def test_figures_replace_those_before_them() -> None:
    seen = observed(warmup(WarmupStatus.WARMING), SENDER, Figures(10, 9, 98.0, "Good", DAYS), NOW)

    assert (seen.total_sent, seen.total_received, seen.reputation) == (10, 9, 72.0)
    assert (seen.health_score, seen.health_label, seen.provider_status) == (98.0, "Good", 1)
    assert seen.observed_at == NOW
    assert seen.days == DAYS[-SHOWN_DAYS:]


def test_what_the_provider_leaves_out_stays_with_its_age() -> None:
    before = observed(warmup(WarmupStatus.WARMING), SENDER, Figures(10, 9, 98.0, "Good", DAYS), NOW)

    assert observed(before, Sender(SenderStatus.WARMING, None, 1), None, LATER) == before
    assert observed(before, None, None, LATER) == before


def test_a_part_that_the_provider_leaves_out_stays_as_it_was() -> None:
    before = observed(warmup(WarmupStatus.WARMING), SENDER, Figures(10, 9, 98.0, "Good", DAYS[:9]), NOW)
    again = (DAYS[8].model_copy(update={"sent": 3}), DAYS[9])

    totals, days = (observed(before, SENDER, told, LATER) for told in (Figures(12, 9), Figures(days=again)))

    assert (totals.total_sent, totals.days) == (12, before.days)
    assert (totals.health_score, totals.health_label) == (98.0, "Good")
    assert (days.total_sent, days.days) == (10, (*DAYS[:8], *again))


def test_a_sender_without_data_yet_was_seen_all_the_same() -> None:
    seen = observed(warmup(WarmupStatus.WARMING), Sender(SenderStatus.PAUSED, None, 0), None, NOW)

    assert (seen.observed_at, seen.provider_status, seen.total_sent) == (NOW, 0, 0)


def test_a_total_never_shrinks() -> None:
    before = replace(warmup(WarmupStatus.WARMING), total_sent=100, total_received=90)

    seen = observed(before, SENDER, Figures(sent=3, received=2), NOW)

    assert (seen.total_sent, seen.total_received) == (100, 90)
