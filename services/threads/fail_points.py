"""The moments of the threads service's work at which a test may kill or raise."""

from __future__ import annotations

from shared.observability import failpoints

SEND = "threads.send"

FAIL_POINTS: dict[str, str] = {
    f"{SEND}.after_intent": "sending: the intent is committed, nothing has been asked",
    f"{SEND}.before_call": "sending: the message is about to be handed over",
    f"{SEND}.after_call": "sending: the provider has answered, nobody has looked at the answer",
    f"{SEND}.before_commit": "sending: the outcome is written, its transaction not yet committed",
    f"{SEND}.after_commit": "sending: the outcome is committed, nobody has been told",
}

failpoints.register(FAIL_POINTS)
