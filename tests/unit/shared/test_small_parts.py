"""Clock, compare-and-swap, dead-letter limit, grouped writer, sealed secrets, fail points, trace context."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import Calendar, ShiftedClock, SystemClock, event_time
from shared.db import grouped_writer
from shared.db.cas import WriteOutcome, outcome_of
from shared.db.grouped_writer import GroupedWriter
from shared.errors import Retryable
from shared.http.health import cancel
from shared.http.provider import retry_after
from shared.messaging.broker import stop_in_time
from shared.messaging.dead_letter_limit import DeadLetterLimit
from shared.observability.failpoints import FailPointRaised, failpoint
from shared.observability.tracing import continue_trace
from shared.security.vault import MasterKeys, VaultError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_an_event_comes_after_its_cause_and_its_predecessor_whatever_the_clock_says() -> None:
    ahead = NOON + timedelta(hours=1)

    assert event_time(NOON, ahead, None) > ahead
    assert event_time(NOON, None, ahead) > ahead
    assert event_time(NOON) > NOON


def test_a_shifted_clock_follows_its_file(tmp_path: Path) -> None:
    file = tmp_path / "shift"
    clock = ShiftedClock(file)

    for hours in (0, 500, -1):
        file.write_text(str(3_600.0 * hours))
        shift = clock.now() - SystemClock().now()
        assert abs(shift - timedelta(hours=hours)) < timedelta(seconds=5)


def test_days_are_counted_from_the_anchor_without_the_time_switched_off() -> None:
    calendar = Calendar(NOON, day_seconds=2.0, paused_seconds=10.0)

    assert calendar.day(NOON + timedelta(seconds=13)) == 1
    assert calendar.start_of(1) == NOON + timedelta(seconds=12)
    assert calendar.day(calendar.start_of(7)) == 7


@pytest.mark.parametrize(
    ("stored", "incoming", "outcome"),
    [
        (None, 1, WriteOutcome.APPLIED),
        (None, 3, WriteOutcome.GAP),
        (3, 4, WriteOutcome.APPLIED),
        (3, 3, WriteOutcome.DUPLICATE),
        (3, 1, WriteOutcome.DUPLICATE),
        (3, 9, WriteOutcome.GAP),
    ],
)
def test_a_version_is_applied_only_over_an_older_one(
    stored: int | None, incoming: int, outcome: WriteOutcome
) -> None:
    assert outcome_of(stored, incoming) is outcome


def test_dead_letters_stop_the_consumer_past_a_run() -> None:
    limit = DeadLetterLimit(run_limit=3)
    for _ in range(2):
        limit.died()
    limit.handled()
    for _ in range(2):
        limit.died()
    assert not limit.is_exceeded

    limit.died()

    assert limit.is_exceeded


def test_dead_letters_stop_the_consumer_past_a_ratio() -> None:
    limit = DeadLetterLimit(run_limit=1_000, ratio_limit=0.2, minimum=10)
    for _ in range(8):
        limit.handled()
    for _ in range(2):
        limit.died()
    assert not limit.is_exceeded

    limit.died()

    assert limit.is_exceeded


async def test_rows_that_gather_are_written_together_and_a_conflict_fails_its_own_caller_only() -> None:
    groups: list[list[int]] = []

    async def flush(rows: Sequence[int]) -> Sequence[int | Exception]:
        groups.append(list(rows))
        await asyncio.sleep(0)
        return [ValueError("conflict") if row == 3 else row * 10 for row in rows]

    writer = GroupedWriter(flush, writers=1)
    callers = [asyncio.ensure_future(writer.write(row)) for row in range(5)]
    await asyncio.sleep(0)
    writer.start()
    results = await asyncio.gather(*callers, return_exceptions=True)
    await writer.stop()

    assert groups == [[0, 1, 2, 3, 4]]
    assert results[:3] == [0, 10, 20]
    assert isinstance(results[3], ValueError)
    assert results[4] == 40


async def test_a_full_queue_refuses_and_a_failed_flush_fails_its_group() -> None:
    async def flush(_: Sequence[int]) -> Sequence[int | Exception]:
        raise OSError("away")

    writer = GroupedWriter(flush, queue_limit=1)
    waiting = asyncio.ensure_future(writer.write(1))
    await asyncio.sleep(0)

    with pytest.raises(Retryable, match="wait already"):
        await writer.write(2)
    writer.start()
    with pytest.raises(OSError, match="away"):
        await waiting
    await writer.stop()


async def test_a_writer_that_stops_finishes_what_it_is_writing_and_writes_what_waits() -> None:
    written: list[int] = []
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def flush(rows: Sequence[int]) -> Sequence[int | Exception]:
        begun.set()
        await may_end.wait()
        written.extend(rows)
        return list(rows)

    writer = GroupedWriter(flush, limit=1, writers=1)
    writer.start()
    callers = [asyncio.ensure_future(writer.write(row)) for row in (1, 2)]
    await begun.wait()
    stopping = asyncio.ensure_future(writer.stop())
    await asyncio.sleep(0)

    with pytest.raises(Retryable, match="stopping"):
        await writer.write(3)
    may_end.set()
    await stopping

    assert written == [1, 2]
    assert await asyncio.gather(*callers) == [1, 2]


async def test_a_writer_that_stops_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped_writer, "STOP_SECONDS", 0.01)

    async def flush(_: Sequence[int]) -> Sequence[int | Exception]:
        await asyncio.Event().wait()
        raise AssertionError

    writer = GroupedWriter(flush, limit=1, writers=1)
    writer.start()
    callers = [asyncio.ensure_future(writer.write(row)) for row in (1, 2)]
    await asyncio.sleep(0)

    await writer.stop()

    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(each) for each in results] == [asyncio.CancelledError] * 2


def key() -> bytes:
    return os.urandom(32)


@pytest.mark.promise("R32")
def test_a_secret_opens_only_at_its_place() -> None:
    keys = MasterKeys({1: key()})
    sealed = keys.seal(b"secret", place=b"tenant-a|row-1")

    assert b"secret" not in sealed.ciphertext
    assert keys.open(sealed, place=b"tenant-a|row-1") == b"secret"
    with pytest.raises(VaultError):
        keys.open(sealed, place=b"tenant-b|row-1")


def test_old_master_keys_open_and_the_newest_seals() -> None:
    old = key()
    sealed = MasterKeys({1: old}).seal(b"secret", place=b"p")
    both = MasterKeys({1: old, 2: key()})

    assert both.open(sealed, place=b"p") == b"secret"
    assert both.seal(b"x", place=b"p").key_version == 2


@pytest.mark.parametrize(
    "text", ["", "no-number", "1:short", "x:" + base64.b64encode(bytes(32)).decode(), "1:" + "A" * 8]
)
def test_malformed_master_keys_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(VaultError) as error:
        MasterKeys.parse(text)

    assert not text or text not in str(error.value)


def test_a_fail_point_is_silent_until_armed_and_fires_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failpoint("relay.after_mark")
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    failpoint("relay.after_mark")
    (tmp_path / "relay.after_mark").write_text("raise 2")

    failpoint("relay.after_mark")
    with pytest.raises(FailPointRaised):
        failpoint("relay.after_mark")
    failpoint("relay.after_mark")

    with pytest.raises(KeyError):
        failpoint("no.such.point")


def test_a_wellformed_trace_goes_on_and_a_malformed_one_starts_anew() -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    assert continue_trace(given) == given
    assert continue_trace("00-zz") != "00-zz"
    assert continue_trace(None) != continue_trace(None)


@pytest.mark.promise("R11")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("999999", 3600.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("soon", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOON) == seconds


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.sleep(60)

    task = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)

    await cancel([task], again_after=0.01)

    assert swallowed.is_set()
    assert task.cancelled()


async def test_a_client_that_does_not_close_is_left_behind_in_time() -> None:
    async def never() -> None:
        await asyncio.sleep(60)

    async with asyncio.timeout(5):
        await stop_in_time(never())
