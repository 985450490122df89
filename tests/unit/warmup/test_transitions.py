"""The state machine: its table is the documented one, and nothing outside it can be told."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from services.warmup.domain.commands import ALLOWED, Command
from services.warmup.domain.transitions import TRANSITIONS, IllegalTransition, require_legal
from shared.contracts.warmups import EVENTS, WarmupFact, WarmupStatus
from tests.support.legal import WARMUP_LIVES

DOCUMENT = Path(__file__).parents[3] / "docs" / "warmup.md"
FACTS = tuple(event for event in EVENTS if issubclass(event, WarmupFact))


def test_the_documented_list_of_transitions_is_the_codes() -> None:
    documented = [
        tuple(cell.strip().strip("`") for cell in line.strip("| \n").split("|"))
        for line in DOCUMENT.read_text().splitlines()
        if line.startswith("| `") and "Warmup" in line and line.count("|") == 5
    ]

    assert documented == [
        (each.before.value, each.fact.__name__, each.after.value, each.trigger) for each in TRANSITIONS
    ]


def test_every_fact_and_every_state_has_its_place() -> None:
    assert {each.fact for each in TRANSITIONS} == set(FACTS)
    assert {each.after for each in TRANSITIONS} | {WarmupStatus.STARTING} == set(WarmupStatus)


def test_whatever_is_not_in_the_table_is_refused() -> None:
    legal = {(each.before, each.fact, each.after) for each in TRANSITIONS}
    for before, fact, after in product(WarmupStatus, FACTS, WarmupStatus):
        if (before, fact, after) in legal:
            require_legal(before, fact, after)
        else:
            with pytest.raises(IllegalTransition):
                require_legal(before, fact, after)


def test_nothing_follows_the_end() -> None:
    assert not [each for each in TRANSITIONS if each.before is WarmupStatus.ENDED]


def test_every_state_a_command_is_allowed_in_has_its_transition() -> None:
    ends = {
        Command.PAUSE: WarmupStatus.PAUSED,
        Command.RESUME: WarmupStatus.WARMING,
        Command.DISABLE: WarmupStatus.DISABLED,
    }
    steps = {(each.before, each.after) for each in TRANSITIONS}
    assert all((status, ends[command]) in steps for command, allowed in ALLOWED.items() for status in allowed)


def test_the_lives_that_reliability_tests_accept_are_the_tables() -> None:
    lives: dict[str | None, set[str]] = {status.value: set() for status in WarmupStatus}
    for each in TRANSITIONS:
        lives[each.before.value].add(each.after.value)
    first = lives.pop(WarmupStatus.STARTING.value)
    assert {None: first, **lives} == {before: set(after) for before, after in WARMUP_LIVES.items()}
