"""Arming fail points one after another, a few at a time per service, until each has fired as often as wanted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from shared.observability.failpoints import FAIL_POINTS

_REPOSITORY = Path(__file__).parents[2]


def registered_points() -> list[str]:
    """Return the name of every fail point in the system; a service registers its own when their file is imported."""
    owners = {"relay", "consumer"}
    for file in _REPOSITORY.glob("services/*/fail_points*.py"):
        import_module(".".join(file.relative_to(_REPOSITORY).with_suffix("").parts))
        owners.add(file.parent.name)
    return sorted(point for point in FAIL_POINTS if point.partition(".")[0] in owners)


class Nemesis:
    """Kills the services at named points of their work; `fired` counts what really happened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fired: Counter[str] = Counter()
        self.in_flight: list[int] = []
        """How many sagas were in flight at each kill."""

    async def strike(self, points: Iterable[str], *, at_once: int, in_flight: Callable[[], int]) -> None:
        """Arm every one of these points, never more than `at_once` of them together, and wait until each has fired."""
        waiting = list(points)
        armed: set[str] = set()
        while waiting or armed:
            for point in [each for each in dict.fromkeys(waiting) if each not in armed][
                : at_once - len(armed)
            ]:
                waiting.remove(point)
                armed.add(self._arm(point))
            for point in {each for each in armed if self._has_fired(each)}:
                armed.remove(point)
                self.fired[point] += 1
                self.in_flight.append(in_flight())
            await asyncio.sleep(0.02)

    def disarm(self) -> None:
        """Let nothing more fire."""
        for armed in self._folder.iterdir():
            armed.unlink()

    def _arm(self, point: str) -> str:
        unfinished = self._folder / f".{point}"
        unfinished.write_text("kill 1")
        unfinished.rename(self._folder / point)
        return point

    def _has_fired(self, point: str) -> bool:
        mark = self._folder / f"{point}.fired"
        if not mark.exists():
            return False
        mark.unlink()
        return True
