"""The supervisor, with small Python programs as its parts."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from mailwright.errors import StartError
from mailwright.processes import Program, inherited_env
from mailwright.supervisor import Part, Supervisor
from tests.support.eventually import eventually
from tests.support.processes import is_running

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


class Watched(Supervisor):
    """A supervisor that keeps what it said and what it asked to be remembered."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.remembered: list[Mapping[str, int]] = []
        super().__init__(self.said.append, self.remembered.append)


@pytest.fixture
async def supervisor() -> AsyncIterator[Watched]:
    watched = Watched()
    yield watched
    watched.kill()
    await watched.stop([(None, 5)])


def program(log_dir: Path, code: str, name: str = "part") -> Program:
    return Program(name, (sys.executable, "-c", code), log_dir / f"{name}.log", env=inherited_env())


def part(log_dir: Path, code: str, name: str = "part") -> Part:
    async def at_once(_: int) -> bool:
        return True

    return Part(program(log_dir, code, name), at_once)


async def test_a_part_that_ends_before_it_is_ready_fails_the_start_with_its_last_words(
    supervisor: Watched, tmp_path: Path
) -> None:
    async def never(_: int) -> bool:
        return False

    dying = Part(program(tmp_path, "import sys; sys.exit('no such setting')"), never)
    with pytest.raises(StartError, match=r"part ended with code 1 \(no such setting; see .*part\.log\)"):
        await supervisor.start(dying, 10)


async def test_a_part_that_is_not_ready_in_time_fails_the_start(supervisor: Watched, tmp_path: Path) -> None:
    async def never(_: int) -> bool:
        return False

    with pytest.raises(StartError, match="not ready within"):
        await supervisor.start(Part(program(tmp_path, SLEEP), never), 0.1)


async def test_a_crashed_part_is_started_again_and_said_so(supervisor: Watched, tmp_path: Path) -> None:
    await supervisor.start(part(tmp_path, SLEEP), 10)
    first = supervisor.pids["part"]

    os.kill(first, signal.SIGKILL)

    await eventually(lambda: "part is back" in supervisor.said)
    assert supervisor.pids["part"] != first
    assert supervisor.said[0] == "part was killed by SIGKILL; starting it again in 0.2 s"
    assert supervisor.remembered[-1] == supervisor.pids


async def test_the_wait_before_another_start_doubles(supervisor: Watched, tmp_path: Path) -> None:
    await supervisor.start(part(tmp_path, "import sys; sys.exit(3)"), 10)

    await eventually(lambda: sum("starting it again" in line for line in supervisor.said) >= 3)

    waits = [line.rsplit(" ", 2)[1] for line in supervisor.said if "starting it again" in line]
    assert waits[:3] == ["0.2", "0.4", "0.8"]


async def test_what_must_follow_a_restart_is_done(supervisor: Watched, tmp_path: Path) -> None:
    done = asyncio.Event()

    async def at_once(_: int) -> bool:
        return True

    async def after() -> None:
        done.set()

    await supervisor.start(Part(program(tmp_path, SLEEP), at_once, after_restart=after), 10)
    assert not done.is_set()

    os.kill(supervisor.pids["part"], signal.SIGKILL)

    await asyncio.wait_for(done.wait(), 10)


async def test_what_a_restart_would_not_mend_is_said_once_and_the_part_left_alone(
    supervisor: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailwright.supervisor._PROBE_EVERY_SECONDS", 0.0)
    asked: list[str | None] = []

    async def at_once(_: int) -> bool:
        return True

    async def is_alive() -> bool:
        return True

    async def trouble() -> str | None:
        asked.append("It is halted.")
        return asked[-1]

    await supervisor.start(Part(program(tmp_path, SLEEP), at_once, is_alive, trouble), 10)
    first = supervisor.pids
    await eventually(lambda: len(asked) > 3)

    assert supervisor.said == ["part: It is halted."]
    assert supervisor.pids == first


async def test_stop_ends_every_part_and_starts_none_again(supervisor: Watched, tmp_path: Path) -> None:
    for name in ("one", "two"):
        await supervisor.start(part(tmp_path, SLEEP, name), 10)
    pids = supervisor.pids.values()

    await supervisor.stop([(frozenset({"one"}), 5), (None, 5)])

    assert not supervisor.pids
    assert not any(is_running(pid) for pid in pids)
    assert not supervisor.said


async def test_a_part_that_will_not_stop_is_killed(supervisor: Watched, tmp_path: Path) -> None:
    deaf = tmp_path / "part.log"
    await supervisor.start(part(tmp_path, STUBBORN), 10)
    pid = supervisor.pids["part"]
    await eventually(lambda: deaf.exists() and "deaf" in deaf.read_text())

    await supervisor.stop([(None, 0.1)])

    assert supervisor.said == ["part did not stop in time: killed"]
    assert not is_running(pid)


async def test_a_program_that_fails_is_an_error_of_one_line(supervisor: Watched, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"^once ended with code 2$"):
        await supervisor.run(program(tmp_path, "import sys; sys.exit(2)", "once"), 10)
    assert not supervisor.pids


async def test_a_program_ends_when_its_run_is_given_up(supervisor: Watched, tmp_path: Path) -> None:
    run = asyncio.create_task(supervisor.run(program(tmp_path, SLEEP, "once"), 60))
    pid = (await eventually(lambda: supervisor.pids))["once"]

    run.cancel()

    await asyncio.gather(run, return_exceptions=True)
    assert not is_running(pid)


async def test_a_program_that_cannot_be_run_is_an_error_of_one_line(
    supervisor: Watched, tmp_path: Path
) -> None:
    missing = Program("ghost", (str(tmp_path / "ghost"),), tmp_path / "ghost.log")
    with pytest.raises(StartError, match="ghost cannot be run: No such file"):
        await supervisor.run(missing, 10)


async def test_a_part_that_was_asked_to_stop_is_started_again_at_once(
    supervisor: Watched, tmp_path: Path
) -> None:
    await supervisor.start(part(tmp_path, SLEEP), 10)
    before = supervisor.pids["part"]

    os.kill(before, signal.SIGTERM)

    await eventually(lambda: supervisor.said == ["part was stopped; starting it again", "part is back"])
    assert supervisor.pids["part"] != before


async def test_a_part_inherits_only_the_files_it_is_given(supervisor: Watched, tmp_path: Path) -> None:
    code = """
import os, sys
os.fstat(int(sys.argv[1]))
try:
    os.fstat(int(sys.argv[2]))
except OSError:
    sys.exit(0)
sys.exit("inherited what was kept")
"""
    with (tmp_path / "given").open("w") as given, (tmp_path / "kept").open("w") as kept:
        argv = (sys.executable, "-c", code, str(given.fileno()), str(kept.fileno()))
        log = tmp_path / "part.log"
        await supervisor.run(Program("part", argv, log, env=inherited_env(), fds=(given.fileno(),)), 10)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_children_die_with_a_supervisor_killed_outright(supervisor: Watched, tmp_path: Path) -> None:
    parent = f"""
import sys, time
from pathlib import Path
from mailwright.processes import Program, inherited_env, spawn
child = Program("child", (sys.executable, "-c", {SLEEP!r}), Path({str(tmp_path)!r}) / "child.log", env=inherited_env())
print(spawn(child).pid, flush=True)
time.sleep(60)
"""
    await supervisor.start(part(tmp_path, parent), 10)
    child = int(await eventually((tmp_path / "part.log").read_text))
    assert is_running(child)

    supervisor.kill()

    await eventually(lambda: not is_running(child))
