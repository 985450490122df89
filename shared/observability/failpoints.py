"""Fail points: named places at which a test may kill the process or raise; no-ops unless a folder arms them.

A file `<MAILWRIGHT_FAILPOINTS_DIR>/<name>` with the text `kill 3` kills the process with SIGKILL at the third hit,
`raise 1` raises `FailPointRaised` at the first. The file is removed just before, so that each arming fires once.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from shared.errors import MailwrightError

FAIL_POINTS: dict[str, str] = {
    "relay.before_sequence": "pending events are seen, none has a place in the log yet",
    "relay.after_sequence": "events have their place in the log, none is published",
    "relay.after_publish": "the broker has acknowledged a batch, the cursor does not say so yet",
    "relay.after_mark": "the cursor says that a batch is published",
    "consumer.before_commit": "a batch is handled, its transaction not yet committed",
    "consumer.after_commit": "a batch's transaction is committed, its offsets are not",
}
"""Every fail point of the system and the moment it stands for; services add theirs with `register`."""


class FailPointRaised(MailwrightError):
    """An armed fail point raised instead of killing."""

    code = "fail_point"


def register(points: dict[str, str]) -> None:
    """Add a service's fail points to the table; a name may be registered once."""
    for name, moment in points.items():
        if FAIL_POINTS.setdefault(name, moment) != moment:
            raise ValueError(f"fail point {name} is registered twice")


def failpoint(name: str) -> None:
    """Die or raise here if a test armed this point.

    Raises:
        FailPointRaised: It was armed to raise.
        KeyError: No such point is registered.
    """
    folder = os.environ.get("MAILWRIGHT_FAILPOINTS_DIR")
    if folder is None:
        return
    FAIL_POINTS[name]
    armed = Path(folder, name)
    try:
        kind, hits = armed.read_text().split()
    except (OSError, ValueError):
        return
    if int(hits) > 1:
        armed.write_text(f"{kind} {int(hits) - 1}")
        return
    try:
        armed.unlink()
    except FileNotFoundError:
        return
    Path(folder, f"{name}.fired").touch()
    if kind == "raise":
        raise FailPointRaised(f"fail point {name}")
    os.kill(os.getpid(), signal.SIGKILL)
