"""How the parts of a stack are kept running, restarted after a crash, and stopped together."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from mailwright.console import Say
from mailwright.errors import StartError
from mailwright.processes import Program, kill, last_line, spawn

_LOOK_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 5.0
_FIRST_BACKOFF_SECONDS = 0.2
_HEALTHY_AFTER_SECONDS = 10.0
_PROBE_EVERY_SECONDS = 5.0
_SILENT_FOR_SECONDS = 30.0
_RESTART_WITHIN_SECONDS = 60.0
_ASKED_TO_STOP = frozenset({0, -signal.SIGTERM})


@dataclass(frozen=True)
class Part:
    """One long-running process.

    `is_ready` is asked with its process id until it says yes. `is_alive`, if given, is asked now and then: a part
    that has not said yes for 30 seconds is killed and so restarted. `trouble` is asked as often: a sentence for a person
    about something that a restart would not mend, or None. `after_restart` runs when it is back.
    """

    program: Program
    is_ready: Callable[[int], Awaitable[bool]]
    is_alive: Callable[[], Awaitable[bool]] | None = None
    trouble: Callable[[], Awaitable[str | None]] | None = None
    after_restart: Callable[[], Awaitable[None]] | None = None

    @property
    def name(self) -> str:
        """The part's name, as people and files know it."""
        return self.program.name


class Supervisor:
    """Runs programs and parts; nothing it started is left when `stop` returns."""

    def __init__(
        self,
        say: Say,
        remember: Callable[[Mapping[str, int]], None],
        *,
        longest_pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        """`say` tells a person about crashes; `remember` is given the process ids whenever they change.

        A part that crashes again and again is started after longer and longer pauses, up to the longest.
        """
        self._say = say
        self._remember = remember
        self._longest_pause_seconds = longest_pause_seconds
        self._children: dict[str, tuple[Program, subprocess.Popen[bytes]]] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process id of everything that runs now, by name."""
        return {name: child.pid for name, (_, child) in self._children.items() if child.poll() is None}

    async def failed(self) -> None:
        """Return only by raising: when a part can no longer be looked after."""
        ended, _ = await asyncio.wait(self._keepers.values(), return_when=asyncio.FIRST_COMPLETED)
        for keeper in ended:
            keeper.result()

    async def run(self, program: Program, within: float) -> None:
        """Run a program to its end. Raises StartError if it fails or takes longer than `within` seconds."""
        child = self._spawn(program)
        try:
            async with asyncio.timeout(within):
                code = await _exit_of(child)
        except TimeoutError as error:
            raise StartError(
                f"{program.name} did not finish within {within:.0f} s: see {program.log}"
            ) from error
        finally:
            kill(child)
            child.wait()
            self._forget(program.name)
        if code != 0:
            raise StartError(_obituary(program, code))

    async def start(self, part: Part, within: float) -> None:
        """Start a part and wait until it is ready; from then on it is kept running.

        Raises StartError if it ends before that, or is not ready after `within` seconds.
        """
        child = self._spawn(part.program)
        await self._until_ready(part, child, within)
        self._keepers[part.name] = asyncio.create_task(self._keep(part, child))

    async def stop(self, waves: Iterable[tuple[frozenset[str] | None, float]]) -> None:
        """Stop everything: each wave names the parts to end together (None = all that are left), and by when from now.

        What has not ended in good order by then is killed. The seconds that a wave does not need are the next one's.
        """
        since = time.monotonic()
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        self._keepers.clear()
        for names, seconds in waves:
            chosen = [entry for name, entry in self._children.items() if names is None or name in names]
            await self._end(chosen, since + seconds - time.monotonic())
        for program, _ in list(self._children.values()):
            self._forget(program.name)

    def kill(self) -> None:
        """Kill everything that still runs, now."""
        for _, child in self._children.values():
            kill(child)

    async def _end(self, children: list[tuple[Program, subprocess.Popen[bytes]]], seconds: float) -> None:
        for program, child in children:
            if child.poll() is None:
                child.send_signal(program.stop_signal)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(_exit_of(child) for _, child in children))
        except TimeoutError:
            late = [(program, child) for program, child in children if child.poll() is None]
            for program, child in late:
                self._say(f"{program.name} did not stop in time: killed")
                kill(child)
            await asyncio.gather(*(_exit_of(child) for _, child in late))

    async def _keep(self, part: Part, child: subprocess.Popen[bytes]) -> None:
        backoff, was_ready = _FIRST_BACKOFF_SECONDS, True
        while True:
            since = time.monotonic()
            code = await self._watch(part, child)
            if time.monotonic() - since > _HEALTHY_AFTER_SECONDS:
                backoff = _FIRST_BACKOFF_SECONDS
            if was_ready and code in _ASKED_TO_STOP:
                self._say(f"{part.name} was stopped; starting it again")
            else:
                self._say(f"{_obituary(part.program, code)}; starting it again in {backoff:.1f} s")
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, self._longest_pause_seconds)
            was_ready = False
            try:
                child = self._spawn(part.program)
                await self._until_ready(part, child, _RESTART_WITHIN_SECONDS)
                if part.after_restart:
                    await part.after_restart()
            except StartError as failure:
                self._say(str(failure))
                kill(child)
                continue  # the next round waits longer
            was_ready = True
            self._say(f"{part.name} is back")

    async def _watch(self, part: Part, child: subprocess.Popen[bytes]) -> int:
        """Wait for the child's end, and bring it about if it no longer answers."""
        answered = probed = time.monotonic()
        trouble: str | None = None
        while child.poll() is None:
            await asyncio.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            if part.is_alive and now - probed > _PROBE_EVERY_SECONDS:
                probed = now
                if await part.is_alive():
                    answered = now
                elif now - answered > _SILENT_FOR_SECONDS:
                    self._say(f"{part.name} has not answered for {_SILENT_FOR_SECONDS:.0f} s: killed")
                    kill(child)
                if part.trouble and (said := await part.trouble()) and said != trouble:
                    trouble = said
                    self._say(f"{part.name}: {said}")
        return child.returncode

    async def _until_ready(self, part: Part, child: subprocess.Popen[bytes], within: float) -> None:
        deadline = time.monotonic() + within
        while not await part.is_ready(child.pid):
            if child.poll() is not None:
                raise StartError(_obituary(part.program, child.returncode))
            if time.monotonic() > deadline:
                raise StartError(f"{part.name} was not ready within {within:.0f} s: see {part.program.log}")
            await asyncio.sleep(_LOOK_SECONDS)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        try:
            child = spawn(program)
        except OSError as error:
            raise StartError(f"{program.name} cannot be run: {error.strerror}") from error
        self._children[program.name] = (program, child)
        self._remember(self.pids)
        return child

    def _forget(self, name: str) -> None:
        self._children.pop(name, None)
        self._remember(self.pids)


async def _exit_of(child: subprocess.Popen[bytes]) -> int:
    while child.poll() is None:
        await asyncio.sleep(_LOOK_SECONDS)
    return int(child.returncode)


def _obituary(program: Program, code: int) -> str:
    if code < 0:
        return f"{program.name} was killed by {signal.Signals(-code).name}"
    words = last_line(program.log)[:200]
    return f"{program.name} ended with code {code}" + (
        f" ({words}; see {program.log})" if code and words else ""
    )
