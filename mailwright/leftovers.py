"""What an earlier supervisor of the same data directory may have left running, and how it is ended."""

import signal
from collections.abc import Mapping
from typing import TypedDict

import psutil

_GRACE_SECONDS = 10.0


class Trace(TypedDict):
    """One process we started; its start time tells it from a later process with the same id."""

    pid: int
    started: float


def trace(pid: int) -> Trace | None:
    """How to recognise a running process later; None if it has just ended."""
    try:
        return {"pid": pid, "started": psutil.Process(pid).create_time()}
    except psutil.NoSuchProcess:
        return None


def end_leftovers(traces: Mapping[str, Trace]) -> list[str]:
    """End what still runs of these processes and return their names. The database may finish its shutdown first."""
    found = {name: process for name, left in traces.items() if (process := find(left))}
    for name, process in found.items():
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGKILL)
    _, late = psutil.wait_procs(found.values(), timeout=_GRACE_SECONDS)
    for process in late:
        process.kill()
    psutil.wait_procs(late, timeout=_GRACE_SECONDS)
    return list(found)


def find(left: Trace) -> psutil.Process | None:
    """The process, if it still runs."""
    try:
        process = psutil.Process(left["pid"])
        same = abs(process.create_time() - left["started"]) < 2.0
    except psutil.NoSuchProcess:
        return None
    return process if same and process.status() != psutil.STATUS_ZOMBIE else None
