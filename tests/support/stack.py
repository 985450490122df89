"""The whole embedded stack as a test sees it: started by its command, judged and hurt from outside."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.engines import scratch_folder

PARTS = {"postgres", "broker", "simulator", "gateway", "provisioner", "warmup", "threads"}
_REPOSITORY = Path(__file__).parents[2]
_READY_WITHIN_SECONDS = 180.0
_CALM = {"MAILWRIGHT_KAFKA_FETCH_MAX_WAIT_MS": "50"} if "PYTEST_XDIST_WORKER" in os.environ else {}
"""Where several stacks run beside each other: at the embedded broker's own 20 ms they spend half of two cores on waiting."""


@dataclass
class RunningStack:
    """A `mailwright up` that said it is ready."""

    process: asyncio.subprocess.Process
    data_dir: Path
    said: list[str] = field(default_factory=list)
    """Every line it wrote for people so far."""

    @property
    def base_url(self) -> str:
        """Where the public API answers."""
        return str(self._file("demo")["base_url"])

    @property
    def simulator_url(self) -> str:
        """Where the simulated providers and their control API answer."""
        return str(self._file("demo")["simulator_url"])

    @property
    def keys(self) -> dict[str, str]:
        """One API key per dialect."""
        return dict(self._file("demo")["keys"])

    @property
    def keys_other(self) -> dict[str, str]:
        """The same for another tenant."""
        return dict(self._file("demo")["keys_other"])

    @property
    def database_url(self) -> str:
        """The administrator's URL of the stack's database."""
        return str(self._file("stack")["database_url"])

    @property
    def master_keys(self) -> str:
        """What the stack's secrets are sealed with."""
        return str(self._file("secrets")["MAILWRIGHT_MASTER_KEYS"])

    @property
    def kafka_bootstrap(self) -> str:
        """Where the stack's broker answers."""
        return str(self._file("stack")["kafka_bootstrap"])

    @property
    def pids(self) -> dict[str, int]:
        """The process id of every part that was last known to run, by name (`gateway`, `postgres`, …)."""
        return {name: int(trace["pid"]) for name, trace in self._file("stack")["processes"].items()}

    @property
    def ports(self) -> dict[str, int]:
        """Where every part answers, by name."""
        return dict(self._file("stack")["ports"])

    def kill(self, part: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one part and give the process id it had."""
        pid = self.pids[part]
        os.kill(pid, number)
        return pid

    async def stop(self, number: signal.Signals = signal.SIGTERM, within: float = 8.0) -> int:
        """Ask the stack to stop and give its exit code. Raises TimeoutError if it takes longer."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), within)

    def _file(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.data_dir / f"{name}.json").read_text())
        return content


@asynccontextmanager
async def running_stack(
    data_dir: Path | None = None,
    *,
    demo: bool = False,
    day_seconds: float = 86_400.0,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[RunningStack]:
    """Run the stack on free ports until the end of the block; `env` adds settings for every service.

    Without `data_dir` it is a fresh one, erased afterwards. Give one that outlives the block (from
    `scratch_folder`) to start the same stack again.
    """
    if data_dir is None:
        with scratch_folder("stack") as fresh:
            async with running_stack(fresh, demo=demo, day_seconds=day_seconds, env=env) as stack:
                yield stack
        return
    options = ["--port", "0", "--simulator-port", "0", "--day-seconds", str(day_seconds)]
    process = await start_command(data_dir, *options, "--demo" if demo else "--no-demo", env=env)
    stack = RunningStack(process, data_dir)
    listener = asyncio.create_task(_listen(process, stack.said))
    try:
        await _until_ready(stack)
        yield stack
    finally:
        try:
            await stack.stop()
        except TimeoutError:
            process.kill()
            await process.wait()
        await listener


async def start_command(
    data_dir: Path, *options: str, env: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """Start `mailwright up` on the data directory, both its outputs piped, none of our own settings inherited."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAILWRIGHT_")}
    command = (sys.executable, "-m", "mailwright", "up", "--data-dir", str(data_dir), *options)
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=_REPOSITORY,
        env={**inherited, **_CALM, **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _until_ready(stack: RunningStack) -> None:
    assert stack.process.stdout
    line = await asyncio.wait_for(stack.process.stdout.readline(), _READY_WITHIN_SECONDS)
    if not line:
        await stack.process.wait()
        raise AssertionError("the stack did not start: " + " | ".join(stack.said[-5:]))
    assert json.loads(line)["event"] == "ready"


async def _listen(process: asyncio.subprocess.Process, said: list[str]) -> None:
    assert process.stderr
    async for line in process.stderr:
        said.append(line.decode().rstrip())  # noqa: PERF401 - each line must be seen as it comes
