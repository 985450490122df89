"""The moments of the warmup service's work at which a test may kill or raise."""

from __future__ import annotations

from shared.observability import failpoints

ENABLE, RETRY, DAY = "warmup.enable", "warmup.retry", "warmup.day"
COMMAND = "warmup.command"

CALL_POINTS = {
    "before_call": "the call is about to be made",
    "after_call": "the provider has answered, nobody has looked at the answer",
    "before_commit": "the outcome is written, its transaction not yet committed",
    "after_commit": "the outcome is committed, nobody has been told",
}
EFFECT_POINTS = {"after_intent": "the intent is committed, nothing has been asked", **CALL_POINTS}

FAIL_POINTS: dict[str, str] = {
    **{
        f"{ENABLE}.{point}": f"an attempt of the service's own: {moment}"
        for point, moment in EFFECT_POINTS.items()
    },
    **{
        f"{RETRY}.{point}": f"an attempt a client asked for: {moment}"
        for point, moment in EFFECT_POINTS.items()
    },
    **{
        f"{COMMAND}.{point}": f"an attempt to pause, resume or disable: {moment}"
        for point, moment in EFFECT_POINTS.items()
    },
    **{f"{DAY}.{point}": f"judging a day: {moment}" for point, moment in CALL_POINTS.items()},
}

failpoints.register(FAIL_POINTS)
