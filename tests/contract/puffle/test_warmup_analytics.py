"""Warmup analytics: the provider's figures by account, and what changed since the same key last looked."""

from __future__ import annotations

from datetime import date

import pytest

from tests.contract.puffle.driver import ACCOUNTS, Json, Puffle, enabled_once, error_of, fresh, steady
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract

FIGURES = {
    "email", "total_sent", "total_received", "health_score", "health_score_label", "warmup_reputation",
    "instantly_warmup_status", "daily_data",
}  # fmt: skip
ADDITIONS = {"observed_at", "age_seconds", "is_stale"}
"""What is shown beyond the reference."""


@contract("S0-47", "S1-32")
async def test_the_figures_of_a_warmup_are_read_by_its_account(
    puffle: Puffle, stranger: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("counted"), domain)
    assert await enabled_once(sim, account["email_address"])
    sim.advance(3)

    async def told() -> Json | None:
        analytics, _ = await puffle.analytics()
        figures: Json | None = analytics.get(account["id"])
        return figures if figures and figures["daily_data"] else None

    figures = await eventually(told, within=30)

    assert figures
    assert set(figures) == FIGURES | ADDITIONS
    assert figures["email"] == account["email_address"]
    assert figures["instantly_warmup_status"] == 1
    assert figures["total_sent"] > 0
    assert 0 <= figures["warmup_reputation"] <= 100
    assert 0 <= figures["health_score"] <= 100
    assert isinstance(figures["health_score_label"], str)
    days = figures["daily_data"]
    assert all(set(day) == {"date", "sent", "received"} for day in days)
    assert [day["date"] for day in days] == sorted(day["date"] for day in days)
    assert all(date.fromisoformat(day["date"]) for day in days)
    assert sum(day["sent"] for day in days) == figures["total_sent"]
    assert account["id"] not in (await stranger.analytics())[0]


@contract("S1-31", "S1-32", "S1-33")
async def test_a_graduation_is_told_once_and_reading_it_changed_nothing(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("graduate"), domain)
    assert await enabled_once(sim, account["email_address"])
    assert account["id"] not in (await puffle.analytics())[1], "nothing moved"

    sim.advance(21)
    active = await puffle.until(account["id"], "active", within=30)
    events = await puffle.events(account["id"])
    analytics, transitions = await puffle.analytics()
    _, again = await puffle.analytics()

    assert transitions[account["id"]] == {"status": "active", "warmup_status": "active"}
    assert account["id"] not in again
    assert analytics[account["id"]]["warmup_reputation"] >= 90
    assert analytics[account["id"]]["total_sent"] >= 200
    assert steady(await puffle.read(account["id"])) == steady(active)
    assert (await puffle.events(account["id"]))[: len(events)] == events


@contract("A22")
async def test_a_ban_comes_to_light_in_the_figures_although_the_start_was_accepted(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await puffle.account(fresh("banned"), domain)
    assert (account["status"], account["warmup_status"]) == ("warming", "warming")
    assert await enabled_once(sim, account["email_address"])
    await puffle.analytics()

    sim.advance(1)
    await puffle.until(account["id"], "error", within=30)
    analytics, transitions = await puffle.analytics()

    assert transitions[account["id"]] == {"status": "error", "warmup_status": "banned"}
    assert analytics[account["id"]]["instantly_warmup_status"] == -1
    analytics, transitions = await puffle.analytics()
    assert account["id"] not in analytics
    assert account["id"] not in transitions


async def test_without_a_key_there_are_none(nobody: Puffle) -> None:
    answer = await nobody.http.get(f"{ACCOUNTS}/warmup-analytics")

    assert (answer.status_code, error_of(answer)) == (401, "unauthorized")
