"""What goes wrong while weeks pass: a clock that can be set for all services at once, and a killer."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.support.stack import RunningStack

VICTIMS = ("spare", "warmup", "spare", "gateway", "spare", "spare", "provisioner", "spare")
"""Who is killed in turn; a spare replica of warmup is back in an instant, the others take as long as a start takes."""


class SharedClock:
    """The clock of all services of a stack, in a file that they read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._shift = timedelta(0)
        self._write()

    def now(self) -> datetime:
        """Return the instant that the services see."""
        return datetime.now(UTC) + self._shift

    def move_to(self, instant: datetime) -> None:
        """Go on to an instant, unless it is past."""
        self.jump(max(instant - self.now(), timedelta(0)))

    def jump(self, by: timedelta) -> None:
        """Set the clock forward or back."""
        self._shift += by
        self._write()

    def _write(self) -> None:
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(str(self._shift.total_seconds()))
        unfinished.rename(self._file)


class Killer:
    """Kills services with -9 at random moments until the end of the block."""

    def __init__(self, stack: RunningStack, spares_pid: int, seed: int, every: tuple[float, float]) -> None:
        self._stack, self._spares = stack, psutil.Process(spares_pid)
        self._chance, self._every = random.Random(seed), every
        self.kills: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._killing = asyncio.create_task(self._kill())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._killing.cancel()
        (end,) = await asyncio.gather(self._killing, return_exceptions=True)
        if error is None and not isinstance(end, asyncio.CancelledError):
            raise AssertionError("the killer stopped by itself") from end

    async def _kill(self) -> None:
        for victim in cycle(VICTIMS):
            await asyncio.sleep(self._chance.uniform(*self._every))
            pids = (
                [each.pid for each in self._spares.children()]
                if victim == "spare"
                else [self._stack.pids[victim]]
            )
            for pid in pids:
                with suppress(ProcessLookupError):  # it is not back yet
                    os.kill(pid, signal.SIGKILL)
                    self.kills[victim] += 1
