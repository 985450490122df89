"""The state machines of threads and messages: their tables are the documented ones, and nothing outside them can be told."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from services.threads.domain.transitions import (
    MESSAGES,
    THREADS,
    IllegalTransition,
    Transition,
    require_legal,
)
from shared.contracts.threads import (
    EVENTS,
    MessageFact,
    MessageQueued,
    MessageReceived,
    MessageStatus,
    ThreadFact,
    ThreadStatus,
)
from tests.support.legal import MESSAGE_LIVES, THREAD_LIVES

DOCUMENT = Path(__file__).parents[3] / "docs" / "threads.md"
FACTS = tuple(event for event in EVENTS if issubclass(event, ThreadFact))
BEGINNING = "–"


@pytest.mark.parametrize(("title", "table"), [("### Of a thread", THREADS), ("### Of a message", MESSAGES)])
def test_the_documented_list_of_transitions_is_the_codes(title: str, table: tuple[object, ...]) -> None:
    section = DOCUMENT.read_text().split(title)[1].split("\n#")[0]
    documented = [
        tuple(cell.strip().strip("`") for cell in line.strip("| \n").split("|"))
        for line in section.splitlines()
        if line.startswith("| ") and "`" in line
    ]

    steps = THREADS if table is THREADS else MESSAGES
    assert documented == [
        (each.before.value if each.before else BEGINNING, each.fact.__name__, each.after.value, each.trigger)
        for each in steps
    ]


def test_every_fact_and_every_state_has_its_place() -> None:
    assert {each.fact for each in THREADS} == set(FACTS)
    assert {each.fact for each in MESSAGES} == {fact for fact in FACTS if issubclass(fact, MessageFact)}
    assert {each.after for each in THREADS} == set(ThreadStatus)
    assert {each.after for each in MESSAGES} == set(MessageStatus)


def test_whatever_is_not_in_the_tables_is_refused() -> None:
    of_threads = {(each.before, each.fact, each.after) for each in THREADS}
    for thread, fact, later in product([None, *ThreadStatus], FACTS, ThreadStatus):
        if (thread, fact, later) in of_threads:
            require_legal(thread, fact, later)
        else:
            with pytest.raises(IllegalTransition):
                require_legal(thread, fact, later)
    of_messages = {(each.before, each.fact, each.after) for each in MESSAGES}
    for message, fact, after in product([None, *MessageStatus], FACTS, MessageStatus):
        if (message, fact, after) in of_messages:
            require_legal(message, fact, after)
        else:
            with pytest.raises(IllegalTransition):
                require_legal(message, fact, after)


def test_nothing_follows_the_erasure_and_a_message_ends_where_nothing_can_be_learned() -> None:
    assert not [each for each in THREADS if each.before is ThreadStatus.ERASED]
    ends = {MessageStatus.FAILED, MessageStatus.COMPLAINED, MessageStatus.RECEIVED}
    assert set(MessageStatus) - {each.before for each in MESSAGES} == ends


def test_only_a_draft_or_an_active_thread_gets_something_to_send() -> None:
    sending = {each.before for each in THREADS if each.fact is MessageQueued}
    assert sending == {ThreadStatus.DRAFT, ThreadStatus.ACTIVE}
    assert ThreadStatus.ERASED not in {each.before for each in THREADS if each.fact is MessageReceived}


@pytest.mark.parametrize(("table", "lives"), [(THREADS, THREAD_LIVES), (MESSAGES, MESSAGE_LIVES)])
def test_the_lives_that_reliability_tests_accept_are_the_tables(
    table: tuple[Transition[Any], ...], lives: dict[str | None, frozenset[str]]
) -> None:
    found: dict[str | None, set[str]] = {each.after.value: set() for each in table}
    for each in table:
        found.setdefault(each.before.value if each.before else None, set()).add(each.after.value)
    assert found == {before: set(after) for before, after in lives.items()}
