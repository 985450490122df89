"""How far each half of a migration goes, and when code and schema fit."""

from __future__ import annotations

import pytest

from shared.db.revisions import (
    OutOfPhase,
    Phase,
    Revision,
    is_ahead,
    is_behind,
    needed_by,
    target_of,
)


def history(marks: str) -> tuple[Revision, ...]:
    """Revisions named 1, 2, 3 … from a text such as `<<>`: `<` is pre, `>` is post."""
    return tuple(
        Revision(str(number), Phase.PRE if mark == "<" else Phase.POST)
        for number, mark in enumerate(marks, start=1)
    )


@pytest.mark.parametrize(
    ("marks", "current", "phase", "target"),
    [
        ("<<", None, Phase.ALL, "2"),
        ("<<>", "1", Phase.ALL, "3"),
        ("<<>", "3", Phase.ALL, None),
        ("<<>", None, Phase.PRE, "2"),
        ("<<>", "1", Phase.PRE, "2"),
        ("<<>", "2", Phase.PRE, None),
        ("<<>", "2", Phase.POST, "3"),
        ("<<>>", "2", Phase.POST, "4"),
        ("<<", "2", Phase.POST, None),
        ("<><", "2", Phase.PRE, "3"),
        ("<<>", "newer", Phase.ALL, None),
        ("<<>", "newer", Phase.PRE, None),
    ],
)
def test_a_half_ends_at(marks: str, current: str | None, phase: Phase, target: str | None) -> None:
    assert target_of(history(marks), current, phase) == target


def test_the_second_half_waits_for_the_first() -> None:
    with pytest.raises(OutOfPhase, match="2 comes first: run `mailwright migrate --phase pre`"):
        target_of(history("<<>"), "1", Phase.POST)


def test_the_first_half_of_a_version_waits_for_the_second_half_of_the_version_before() -> None:
    with pytest.raises(OutOfPhase, match="2 of an earlier version has not run"):
        target_of(history("<><"), "1", Phase.PRE)


def test_an_empty_database_takes_the_history_of_all_versions_in_one_go() -> None:
    assert target_of(history("<><>"), None, Phase.ALL) == "4"


@pytest.mark.parametrize(
    ("current", "behind", "ahead"),
    [(None, True, False), ("1", True, False), ("2", False, False), ("3", False, False), ("9", False, True)],
)
def test_code_needs_its_newest_pre_revision_and_lives_with_what_it_does_not_know(
    current: str | None, behind: bool, ahead: bool
) -> None:
    known = history("<<>")

    assert needed_by(known) == "2"
    assert is_behind(known, current) is behind
    assert is_ahead(known, current) is ahead
