"""How the services of a running stack are started anew one after the other, so that nobody who calls them notices."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mailwright.console import Say
from mailwright.data_dir import read_json
from mailwright.errors import StartError
from mailwright.leftovers import find
from mailwright.ports import is_started, troubles_of

SERVICES = ("gateway", "provisioner", "warmup", "threads")
_WITHIN_SECONDS = 60.0
_LOOK_SECONDS = 0.05


async def restart(data_dir: Path, services: Sequence[str], say: Say) -> None:
    """Restart these services of the stack in `data_dir`; each is ready again before the next is stopped.

    Each finishes what it has in hand; its supervisor starts it again. Raises StartError if the stack does not run, or a
    service is not ready (or halted, as before) in time: those after it are then left alone.
    """
    file = data_dir / "stack.json"
    for service in services:
        since = time.monotonic()
        state = read_json(file)
        process = find(state["processes"][service]) if service in state.get("processes", {}) else None
        if process is None:
            raise StartError(f"{service} does not run in {data_dir}: start the stack with `mailwright up`")
        process.terminate()
        await _until_replaced(file, service, process.pid)
        halted = (await troubles_of(state["ports"][service])).get("consumer")
        say(f"{service} is new and {'halted' if halted else 'ready'} ({time.monotonic() - since:.1f} s)")
        if halted:
            say(f"{service}: {halted}")


async def _until_replaced(file: Path, service: str, before: int) -> None:
    deadline = time.monotonic() + _WITHIN_SECONDS
    while not await _is_replaced(read_json(file), service, before):
        if time.monotonic() > deadline:
            raise StartError(f"{service} was not ready within {_WITHIN_SECONDS:.0f} s: see its log")
        await asyncio.sleep(_LOOK_SECONDS)


async def _is_replaced(state: dict[str, Any], service: str, before: int) -> bool:
    now = state["processes"].get(service)
    if now is None or now["pid"] == before:
        return False
    return await is_started(state["ports"][service])
