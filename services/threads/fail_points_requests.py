"""The moments at which a test may kill or raise while what clients ask of threads is decided."""

from __future__ import annotations

from shared.observability import failpoints

CREATE, CHANGE, QUEUE, ERASE = "threads.create", "threads.change", "threads.queue", "threads.erase"

FAIL_POINTS: dict[str, str] = {
    f"{CHANGE}.before_commit": "a change is made and answered, its transaction not yet committed",
    f"{CREATE}.before_commit": "a draft is kept or refused, its transaction not yet committed",
    f"{ERASE}.before_commit": "a thread is erased, its transaction not yet committed",
    f"{QUEUE}.before_commit": "a message is queued or refused, its transaction not yet committed",
}

failpoints.register(FAIL_POINTS)
