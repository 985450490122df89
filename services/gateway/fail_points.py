"""The gateway's fail points: where a test may kill it or make it raise."""

from __future__ import annotations

from shared.observability.failpoints import register

register(
    {
        "gateway.accept.before_commit": "requests have gathered, none of them is written with its event yet",
        "gateway.accept.after_commit": "requests and their events are durable, no caller knows it yet",
        "gateway.project.before_commit": "a batch is projected and its requests closed, nothing of it committed yet",
        "gateway.project.after_commit": "a batch is projected for good, no waiting call knows it yet",
        "gateway.webhook.before_commit": "what a provider reports is written with its event, not yet committed",
        "gateway.webhook.after_commit": "what a provider reports is durable, the provider does not know it yet",
    }
)
