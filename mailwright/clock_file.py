"""The stack's calendar across restarts: when it began, and for how long it has been switched off since."""

import asyncio
from datetime import datetime
from pathlib import Path

from mailwright.data_dir import read_json, write_json
from shared.clock import Clock

_BEAT_SECONDS = 1.0


class ClockFile:
    """Remembers the last moment the stack was seen running, so that time switched off is not counted as days."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        stored = read_json(path)
        now = clock.now()
        self.anchor = datetime.fromisoformat(stored["anchor"]) if stored else now
        self.paused_seconds = float(stored.get("paused_seconds", 0.0))
        if stored:
            switched_off = (now - datetime.fromisoformat(stored["last_running"])).total_seconds()
            self.paused_seconds += max(
                0.0, switched_off
            )  # a machine clock set back must not run the calendar ahead
        self.beat()

    @property
    def settings(self) -> dict[str, str]:
        """What every service is told about the calendar."""
        return {
            "MAILWRIGHT_CLOCK_ANCHOR": self.anchor.isoformat(),
            "MAILWRIGHT_CLOCK_PAUSED_SECONDS": f"{self.paused_seconds:.3f}",
        }

    def beat(self) -> None:
        """Note that the stack is running now."""
        calendar = {"anchor": self.anchor.isoformat(), "paused_seconds": self.paused_seconds}
        write_json(self._path, calendar | {"last_running": self._clock.now().isoformat()})

    async def keep_beating(self) -> None:
        """Note it each second, until cancelled."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            await asyncio.to_thread(self.beat)
