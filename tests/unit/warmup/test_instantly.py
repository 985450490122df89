"""What is understood of the warmup provider's figures, whichever part of them it leaves out."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from services.warmup.domain.figures import Figures
from services.warmup.ports import BATCH_LIMIT, ProviderTrouble
from services.warmup.providers.instantly import Instantly
from shared.contracts.warmups import WarmupDay
from shared.http.provider import Provider

ADA, BOB = "ada@example.com", "bob@example.com"
COUNTED = {"2026-03-01": {"sent": 3, "received": 2, "landed_inbox": 3}}
DAY = WarmupDay(date=date(2026, 3, 1), sent=3, received=2, inbox=3)


class Answering:
    """A provider that answers every call the same."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.carried: list[int] = []

    async def call(self, *_: str, json: dict[str, list[str]], **__: float) -> Any:
        self.carried.append(len(json["emails"]))
        return self._answer


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
        {"aggregate_data": {ADA: {"sent": "many"}}},
        {"email_date_data": {ADA: 3}},
    ],
)
async def test_figures_that_cannot_be_read_are_no_answer(answer: Any) -> None:
    with pytest.raises(ProviderTrouble):
        await told(answer).figures([ADA])


@pytest.mark.parametrize("count", [0, BATCH_LIMIT + 1])
async def test_a_question_carries_at_least_one_address_and_at_most_a_hundred(count: int) -> None:
    answering = Answering({})
    instantly = Instantly(cast("Provider", answering))

    for ask in (instantly.figures, instantly.enable, instantly.disable):
        with pytest.raises(ValueError, match="between 1 and 100"):
            await ask([f"{number}@example.com" for number in range(count)])

    assert answering.carried == []
