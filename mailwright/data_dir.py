"""Where the embedded stack keeps its files, and how two stacks are kept from sharing them."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailwright.errors import StartError


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Own the data directory, made if missing, until the end of the block or of the process.

    Raises StartError when another process owns it.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / "lock").open("a+")
    except OSError as error:
        raise StartError(f"cannot use the data directory {root}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(
                f"already running: another `mailwright up` uses the data directory {root}"
            ) from error
        yield


def read_json(path: Path) -> dict[str, Any]:
    """The object stored in a file of ours; empty if there is none. Raises StartError if it is no JSON object."""
    try:
        stored = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(stored, dict):
        raise damaged(path)
    return stored


def damaged(path: Path) -> StartError:
    """What to raise when a file of ours does not hold what it should."""
    return StartError(f"{path} is damaged: repair it, or remove it to start afresh")


def write_json(path: Path, value: object) -> None:
    """Replace a file of ours in one step, readable by its owner only: several of them hold secrets."""
    unfinished = path.with_name(path.name + ".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
