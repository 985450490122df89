"""The stack's calendar across restarts: when it began, and for how long it has been switched off since."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from mailwright.data_dir import damaged, read_json, write_json
from shared.clock import Clock

_BEAT_SECONDS = 1.0


class ClockFile:
    """Remembers the last moment the stack was seen running, so that time switched off is not counted as days."""

    def __init__(self, path: Path, clock: Clock, day_seconds: float, *, is_real: bool = False) -> None:
        """Go on from the day the file left off at, also when days now have another length.

        `is_real` says that the warmup provider is not ours to switch off: its days begin at midnight UTC and go on.
        """
        self._path = path
        self._clock = clock
        self._day_seconds = day_seconds
        self.anchor = now = clock.now()
        self.paused_seconds = 0.0
        if stored := read_json(path):
            try:
                self._resume(now, **stored)
            except (TypeError, ValueError) as error:
                raise damaged(path) from error
        if is_real:
            self.anchor = self.anchor.replace(hour=0, minute=0, second=0, microsecond=0)
            self.paused_seconds = 0.0
        self.beat()

    def _resume(
        self, now: datetime, anchor: str, paused_seconds: float, day_seconds: float, last_running: str
    ) -> None:
        last = datetime.fromisoformat(last_running)
        self.anchor = datetime.fromisoformat(anchor)
        # A machine clock that was set back must not run the calendar ahead.
        self.paused_seconds = paused_seconds + max(0.0, (now - last).total_seconds())
        if day_seconds != self._day_seconds:
            days = ((last - self.anchor).total_seconds() - paused_seconds) / day_seconds
            self.anchor = now - timedelta(seconds=days * self._day_seconds)
            self.paused_seconds = 0.0

    @property
    def settings(self) -> dict[str, str]:
        """What every service is told about the calendar."""
        return {
            "MAILWRIGHT_CLOCK_ANCHOR": self.anchor.isoformat(),
            "MAILWRIGHT_CLOCK_PAUSED_SECONDS": f"{self.paused_seconds:.3f}",
        }

    def beat(self) -> None:
        """Note that the stack is running now."""
        calendar = {
            "anchor": self.anchor.isoformat(),
            "paused_seconds": self.paused_seconds,
            "day_seconds": self._day_seconds,
            "last_running": self._clock.now().isoformat(),
        }
        write_json(self._path, calendar)

    async def keep_beating(self) -> None:
        """Note it each second, until cancelled."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            await asyncio.to_thread(self.beat)
