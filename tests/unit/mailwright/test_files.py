"""The files of a data directory: lock, secrets, calendar, and what an earlier run left behind."""

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailwright.clock_file import ClockFile
from mailwright.data_dir import locked, read_json, write_json
from mailwright.errors import StartError
from mailwright.leftovers import end_leftovers, trace
from mailwright.secrets_file import load_or_make
from shared.clock import Calendar


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def test_a_locked_data_directory_is_refused_in_one_line(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(StartError, match="already running"), locked(tmp_path):
        pass


def test_a_data_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_data_directory_that_cannot_be_made_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot use the data directory"), locked(tmp_path / "file"):
        pass


def test_a_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(StartError, match=r"secrets\.json is damaged"):
        load_or_make(tmp_path / "secrets.json")


def test_a_calendar_that_lacks_a_part_is_refused_by_name(tmp_path: Path) -> None:
    write_json(tmp_path / "clock.json", {"anchor": "2026-01-01T00:00:00+00:00"})
    with pytest.raises(StartError, match=r"clock\.json is damaged"):
        ClockFile(tmp_path / "clock.json", HandClock(), day_seconds=2)


def test_secrets_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    first = load_or_make(path)

    assert load_or_make(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first["MAILWRIGHT_MASTER_KEYS"].startswith("1:")
    assert first["MAILWRIGHT_AGENTMAIL_KEY"].startswith("am_")


def test_a_secret_that_is_missing_is_added_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    write_json(path, {"MAILWRIGHT_INSTALLATION": "mine"})

    made = load_or_make(path)

    assert made["MAILWRIGHT_INSTALLATION"] == "mine"
    assert read_json(path) == made


def test_time_switched_off_is_not_counted_as_days(tmp_path: Path) -> None:
    clock = HandClock()
    running = ClockFile(tmp_path / "clock.json", clock, day_seconds=2)
    clock.pass_seconds(100)
    running.beat()

    clock.pass_seconds(5000)
    again = ClockFile(tmp_path / "clock.json", clock, day_seconds=2)
    clock.pass_seconds(10)
    again.beat()
    clock.pass_seconds(7)
    third = ClockFile(tmp_path / "clock.json", clock, day_seconds=2)

    assert running.paused_seconds == 0
    assert again.paused_seconds == 5000
    assert third.paused_seconds == 5007
    assert third.anchor == running.anchor


def test_a_machine_clock_set_back_does_not_run_the_calendar_ahead(tmp_path: Path) -> None:
    clock = HandClock()
    ClockFile(tmp_path / "clock.json", clock, day_seconds=2)

    clock.pass_seconds(-300)

    assert ClockFile(tmp_path / "clock.json", clock, day_seconds=2).paused_seconds == 0


def test_days_of_a_provider_that_is_not_ours_begin_at_midnight_and_go_on_while_we_are_off(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    clock.pass_seconds(9 * 3_600)
    ClockFile(tmp_path / "clock.json", clock, day_seconds=86_400, is_real=True)

    clock.pass_seconds(8 * 86_400)
    again = ClockFile(tmp_path / "clock.json", clock, day_seconds=86_400, is_real=True)

    assert again.anchor == datetime(2026, 1, 1, tzinfo=UTC)
    assert again.paused_seconds == 0


def test_days_of_another_length_go_on_from_the_day_reached(tmp_path: Path) -> None:
    clock = HandClock()
    quick = ClockFile(tmp_path / "clock.json", clock, day_seconds=2)
    clock.pass_seconds(40)
    quick.beat()
    clock.pass_seconds(5000)

    real = ClockFile(tmp_path / "clock.json", clock, day_seconds=86_400)

    assert Calendar(real.anchor, 86_400, real.paused_seconds).day(clock.now()) == 20
    assert real.paused_seconds == 0


def test_what_an_earlier_run_left_is_ended_and_nothing_else() -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    mine = trace(left.pid)
    assert mine

    assert end_leftovers({"gateway": {"pid": left.pid, "started": mine["started"] - 60}}) == []
    assert left.poll() is None
    assert end_leftovers({"gateway": mine}) == ["gateway"]
    assert left.poll() is not None
    assert end_leftovers({"gateway": mine}) == []
