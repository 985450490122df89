"""The gateway's fail points: where a test may kill it or make it raise."""

from __future__ import annotations

from shared.observability.failpoints import register

register(
    {
        "gateway.accept.before_commit": "requests have gathered, none of them is written with its event yet",
        "gateway.accept.after_commit": "requests and their events are durable, no caller knows it yet",
        "gateway.project.before_commit": "a batch is projected and its requests closed, nothing of it committed yet",
        "gateway.project.after_commit": "a batch is projected for good, no waiting call knows it yet",
    }
)
