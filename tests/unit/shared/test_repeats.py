"""A trouble that lasts is said once in a while, and nothing else is left out."""

from __future__ import annotations

import logging

import pytest

from shared.observability import repeats
from shared.observability.repeats import QUIET_SECONDS, RepeatsLeftOut


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(repeats, "time", made)
    return made


def line(level: int = logging.WARNING, **fields: object) -> logging.LogRecord:
    return logging.LogRecord("x", level, "x.py", 1, dict(fields), (), None)


def test_a_warning_that_repeats_is_said_again_after_a_while_with_its_count(clock: Clock) -> None:
    said = RepeatsLeftOut()
    assert said.filter(line(event="away", timestamp="1"))
    assert not said.filter(line(event="away", timestamp="2"))
    assert not said.filter(line(event="away", timestamp="3"))

    clock.now += QUIET_SECONDS
    again = line(event="away", timestamp="4")

    assert said.filter(again)
    assert isinstance(again.msg, dict)
    assert again.msg["left_out"] == 2


def test_lines_that_differ_and_lines_that_are_no_warning_are_all_said(clock: Clock) -> None:
    said = RepeatsLeftOut()

    assert all(said.filter(line(event="away", account=number)) for number in range(3))
    assert all(said.filter(line(logging.INFO, event="done")) for _ in range(3))


def test_lines_of_libraries_count_by_their_words(clock: Clock) -> None:
    said = RepeatsLeftOut()
    record = logging.LogRecord("lib", logging.ERROR, "x.py", 1, "no %s", ("broker",), None)
    other = logging.LogRecord("lib", logging.ERROR, "x.py", 1, "no %s", ("disk",), None)

    assert said.filter(record)
    assert not said.filter(record)
    assert said.filter(other)
