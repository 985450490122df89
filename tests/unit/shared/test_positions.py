"""Which place in a producer's log is taken next, and what is known to be missing."""

from __future__ import annotations

import pytest

from shared.messaging.positions import Place, Positions

STREAM = ("provisioner", "accounts", 2)


def positions(reached: int) -> Positions:
    return Positions({STREAM: reached})


@pytest.mark.parametrize(
    ("position", "place"),
    [
        (1, Place.DUPLICATE),
        (3, Place.DUPLICATE),
        (4, Place.NEXT),
        (5, Place.BEYOND_GAP),
        (40, Place.BEYOND_GAP),
    ],
)
def test_only_the_next_position_is_taken(position: int, place: Place) -> None:
    assert positions(3).place(STREAM, position) is place


@pytest.mark.promise("R06")
def test_what_lies_beyond_a_gap_is_asked_for_from_the_last_position_handled() -> None:
    seen = positions(3)

    seen.place(STREAM, 6)

    assert seen.open_gaps() == {STREAM: 3}


@pytest.mark.promise("R06", "I9")
def test_a_gap_that_the_same_batch_fills_is_no_gap() -> None:
    seen = positions(3)
    seen.place(STREAM, 5)
    for position in (4, 5):
        assert seen.place(STREAM, position) is Place.NEXT
        seen.advance(STREAM)

    assert seen.open_gaps() == {}


@pytest.mark.promise("R06")
def test_a_gap_filled_in_part_is_asked_for_from_where_it_goes_on() -> None:
    seen = positions(3)
    seen.place(STREAM, 6)
    seen.place(STREAM, 4)
    seen.advance(STREAM)

    assert seen.open_gaps() == {STREAM: 4}


@pytest.mark.promise("R06")
def test_a_head_beyond_what_arrived_is_a_gap_and_one_that_was_reached_is_not() -> None:
    seen = positions(3)

    assert not seen.notice_head(STREAM, 3)
    assert seen.open_gaps() == {}
    assert seen.notice_head(STREAM, 4)
    assert seen.open_gaps() == {STREAM: 3}
