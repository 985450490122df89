"""What is understood of the warmup provider's figures, whichever part of them it leaves out."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from services.warmup.domain.attempts import Said, Verdict
from services.warmup.domain.figures import Figures
from services.warmup.ports import BATCH_LIMIT, ProviderTrouble
from services.warmup.providers.instantly import Instantly
from shared.contracts.warmups import WarmupDay
from shared.http.errors import ProviderRefused
from shared.http.provider import Provider

ADA, BOB = "ada@example.com", "bob@example.com"
COUNTED = {"2026-03-01": {"sent": 3, "received": 2, "landed_inbox": 3}}
DAY = WarmupDay(date=date(2026, 3, 1), sent=3, received=2, inbox=3)


class Answering:
    """A provider that answers every call the same."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.carried: list[int] = []

    async def call(self, *_: str, json: dict[str, list[str]] | None = None, **__: float) -> Any:
        self.carried.append(len(json["emails"]) if json else 1)
        return self._answer


class Refusing:
    """A provider that refuses every question about some addresses, and counts seven messages for all others."""

    def __init__(self, refused: set[str], status: int) -> None:
        self._refused, self._status = refused, status
        self.carried: list[int] = []

    async def call(self, operation: str, *_: str, json: dict[str, list[str]], **__: float) -> Any:
        self.carried.append(len(json["emails"]))
        if self._refused.intersection(json["emails"]):
            raise ProviderRefused(operation, self._status, {})
        return {"aggregate_data": {address: {"sent": 7} for address in json["emails"]}}


def told(answer: Any) -> Instantly:
    return Instantly(cast("Provider", Answering(answer)))


@pytest.mark.parametrize(
    ("answer", "figures"),
    [
        ({"aggregate_data": {ADA: {"sent": 7}}}, {ADA: Figures(sent=7)}),
        ({"email_date_data": {ADA: COUNTED}}, {ADA: Figures(days=(DAY,))}),
        (
            {"aggregate_data": {ADA: {"health_score": 97}}, "email_date_data": {BOB: COUNTED}},
            {ADA: Figures(health_score=97.0), BOB: Figures(days=(DAY,))},
        ),
        ({}, {}),
    ],
)
async def test_each_part_that_is_told_counts(answer: Any, figures: dict[str, Figures]) -> None:
    assert await told(answer).figures([ADA, BOB]) == figures


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"aggregate_data": [ADA]},
    ],
)
async def test_figures_that_cannot_be_read_are_no_answer(answer: Any) -> None:
    with pytest.raises(ProviderTrouble):
        await told(answer).figures([ADA])


@pytest.mark.parametrize(
    "answer",
    [
        {"aggregate_data": {ADA: {"sent": "many"}, BOB: {"sent": 7}}},
        {"aggregate_data": {ADA: {"sent": -3}, BOB: {"sent": 7}}},
        {"aggregate_data": {ADA: {"received": 10**12}, BOB: {"sent": 7}}},
        {"aggregate_data": {ADA: {"health_score": float("nan")}, BOB: {"sent": 7}}},
        {"aggregate_data": {BOB: {"sent": 7}}, "email_date_data": {ADA: 3}},
        {"aggregate_data": {BOB: {"sent": 7}}, "email_date_data": {ADA: {"today": {}}}},
    ],
)
async def test_figures_of_one_address_that_cannot_be_read_cost_no_other_its_own(answer: Any) -> None:
    assert await told(answer).figures([ADA, BOB]) == {ADA: None, BOB: Figures(sent=7)}


@pytest.mark.parametrize(("status", "figures"), [(400, {ADA: None}), (404, {})])
async def test_an_address_that_is_refused_costs_no_other_its_figures(
    status: int, figures: dict[str, Figures | None]
) -> None:
    others = [f"{number}@example.com" for number in range(BATCH_LIMIT - 1)]
    refusing = Refusing({ADA}, status)

    found = await Instantly(cast("Provider", refusing)).figures([*others[:50], ADA, *others[50:]])

    assert found == {**dict.fromkeys(others, Figures(sent=7)), **figures}
    assert len(refusing.carried) < 16


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
async def test_a_provider_that_refuses_whatever_is_asked_is_not_asked_for_every_address(status: int) -> None:
    addresses = [f"{number}@example.com" for number in range(BATCH_LIMIT)]
    refusing = Refusing(set(addresses), status)

    with pytest.raises(ProviderTrouble):
        await Instantly(cast("Provider", refusing)).figures(addresses)

    assert len(refusing.carried) < 16


@pytest.mark.parametrize(
    "answer",
    [
        {"warmup_status": 1, "stat_warmup_score": "high"},
        {"warmup_status": 1, "stat_warmup_score": float("nan")},
        {"warmup_status": [1]},
        {"warmup_status": 1, "status": {}},
        {"warmup_status": 7},
        {},
    ],
)
async def test_a_sender_that_cannot_be_read_is_no_answer(answer: Any) -> None:
    with pytest.raises(ProviderTrouble):
        await told(answer).sender(ADA)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, Verdict(Said.REFUSED)),
        (404, Verdict(Said.REFUSED, is_missing=True)),
        (409, Verdict(Said.LOCKED)),
        *((status, Verdict(Said.UNAVAILABLE)) for status in (401, 402, 403)),
    ],
)
async def test_a_refusal_of_our_key_is_none_of_an_address(status: int, verdict: Verdict) -> None:
    instantly = Instantly(cast("Provider", Refusing({ADA}, status)))

    assert [await instantly.enable([ADA, BOB]), await instantly.disable([ADA, BOB])] == [verdict] * 2


@pytest.mark.parametrize("count", [0, BATCH_LIMIT + 1])
async def test_a_question_carries_at_least_one_address_and_at_most_a_hundred(count: int) -> None:
    answering = Answering({})
    instantly = Instantly(cast("Provider", answering))

    for ask in (instantly.figures, instantly.enable, instantly.disable):
        with pytest.raises(ValueError, match="between 1 and 100"):
            await ask([f"{number}@example.com" for number in range(count)])

    assert answering.carried == []
