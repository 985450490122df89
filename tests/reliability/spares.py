"""Replicas of services that come back in an instant: forked from a process that has already loaded their code.

Started as `python -m tests.reliability.spares provisioner:PORT …` with the environment of a service. Each replica is a
process of its own like any that `mailwright serve` runs; one that dies is forked again at once.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from mailwright.commands.serve import Service, serve

_REPOSITORY = Path(__file__).parents[2]


@asynccontextmanager
async def spares(names: tuple[str, ...], env: Mapping[str, str], log: Path) -> AsyncIterator[int]:
    """Keep one replica running for every name until the end of the block; yields the process whose children they are."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.reliability.spares", *names,
            cwd=_REPOSITORY, env=env, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


def main(names: list[str]) -> None:
    """Keep every replica running until this process is terminated; the replicas see that and end too."""
    for name in set(names):
        import_module(f"services.{name}.main")
    running = {_fork(name): name for name in names}
    while True:
        died, _ = os.wait()
        name = running.pop(died)
        running[_fork(name)] = name


def _fork(name: str) -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    serve(Service(name), 0, parent_pid=parent)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
