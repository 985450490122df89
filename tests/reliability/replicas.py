"""Replicas of the services beside a stack's own, which join and leave while it works."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from mailwright.processes import last_line
from tests.support.eventually import eventually
from tests.support.stack import RunningStack

SERVICES = ("gateway", "provisioner", "warmup", "threads")
OPENING = ("join", "join", "share")
CHANGES = ("leave", "join", "kill", "join", "leave", "join", "crash")
"""What happens in turn once three replicas have shared the work; a crash kills the stack's own, which is restarted."""
PAUSE_SECONDS = (2.5, 4.0)
"""Time between two changes of one service, whether or not its group has settled by then."""
_SHARE_WITHIN_SECONDS = 120.0
_LEAVE_WITHIN_SECONDS = 30.0
_REPOSITORY = Path(__file__).parents[2]


class Replicas:
    """In the block every service has one to three replicas, which change every few seconds; afterwards its own one."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._running: dict[str, list[_Replica]] = {name: [] for name in SERVICES}
        self._turmoil: list[asyncio.Task[None]] = []
        self.changes: Counter[tuple[str, str]] = Counter()
        """How often each service saw each kind of change."""

    async def __aenter__(self) -> Self:
        self._environment = psutil.Process(self._stack.pids["provisioner"]).environ()
        self._turmoil = [asyncio.create_task(self._come_and_go(service)) for service in SERVICES]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._turmoil:
            task.cancel()
        ends = await asyncio.gather(*self._turmoil, return_exceptions=True)
        left = [replica for running in self._running.values() for replica in running]
        await asyncio.gather(*(replica.stop() for replica in left))
        broken = [end for end in ends if not isinstance(end, asyncio.CancelledError)]
        if error is None and broken:
            raise AssertionError(f"the replicas stopped coming and going: {broken[0]}") from broken[0]

    async def _come_and_go(self, service: str) -> None:
        pause = random.Random(service)
        for change in chain(OPENING, cycle(CHANGES)):
            await getattr(self, f"_{change}")(service)
            self.changes[service, change] += 1
            await asyncio.sleep(pause.uniform(*PAUSE_SECONDS))

    async def _join(self, service: str) -> None:
        command = (sys.executable, "-m", "mailwright", "serve", service)
        options = ("--port", "0", "--parent-pid", str(os.getpid()))
        path = self._stack.data_dir / "logs" / f"{service}-replica-{self.changes[service, 'join'] + 1}.log"
        with path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command, *options, cwd=_REPOSITORY, env=self._environment, stdout=log, stderr=log
            )
        self._running[service].append(_Replica(process, path))

    async def _share(self, service: str) -> None:
        """Wait until three replicas have partitions at the same time."""
        logs = [self._own_log(service), *(replica.log for replica in self._running[service])]
        await eventually(
            lambda: all(any(_assignments(path)[-1:]) for path in logs),
            within=_SHARE_WITHIN_SECONDS,
            what=f"three replicas of {service} share its partitions",
        )

    def assignments(self, service: str) -> int:
        """How often a replica of the service, or the stack's own, was given its part of the partitions."""
        logs = self._own_log(service).parent.glob(f"{service}-replica-*.log")
        return sum(len(_assignments(path)) for path in [self._own_log(service), *logs])

    def _own_log(self, service: str) -> Path:
        return self._stack.data_dir / "logs" / f"{service}.log"

    async def _leave(self, service: str) -> None:
        await self._running[service].pop(0).stop()

    async def _kill(self, service: str) -> None:
        await self._running[service].pop(0).kill()

    async def _crash(self, service: str) -> None:
        self._stack.kill(service)


@dataclass(frozen=True, slots=True)
class _Replica:
    process: asyncio.subprocess.Process
    log: Path

    async def stop(self) -> None:
        """Ask it to stop in good order and see that it does."""
        self._assert_runs()
        self.process.terminate()
        try:
            code = await asyncio.wait_for(self.process.wait(), _LEAVE_WITHIN_SECONDS)
        except TimeoutError as error:
            self.process.kill()
            await self.process.wait()
            raise self._complaint(f"did not stop within {_LEAVE_WITHIN_SECONDS:.0f} s") from error
        if code not in {0, -signal.SIGTERM}:
            raise self._complaint(f"stopped with {code}")

    async def kill(self) -> None:
        """Kill it with -9."""
        self._assert_runs()
        self.process.kill()
        await self.process.wait()

    def _assert_runs(self) -> None:
        if self.process.returncode is not None:
            raise self._complaint(f"ended by itself with {self.process.returncode}")

    def _complaint(self, what: str) -> AssertionError:
        return AssertionError(f"{self.log.stem} {what}; the last it said: {last_line(self.log)}")


def _assignments(log: Path) -> list[list[str]]:
    """Every set of partitions that a process says it was given, the latest last."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = [json.loads(line) for line in lines if '"partitions_assigned"' in line]
    return [each["partitions"] for each in said]
