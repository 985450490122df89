"""Which environment variables shape a threads process; read by `main` and `bootstrap` only."""

from __future__ import annotations

from pydantic import Field

from shared.settings import AgentMailSettings, MailSettings


class ThreadsSettings(AgentMailSettings, MailSettings):
    """Every field is read from the environment with the prefix `MAILWRIGHT_`."""

    send_concurrency: int = Field(default=32, ge=1)
    """Messages that one process hands over at the same time."""
    send_lease_seconds: float = Field(default=10.0, gt=0)
    """How long a message stays with a process that stopped renewing its lease."""
    send_settle_seconds: float = Field(default=600.0, gt=0)
    """How long after a call that was not answered the message may still appear at the provider."""
    poll_seconds: float = Field(default=30.0, gt=0)
    """How often each inbox is looked through for new mail while no webhook brings it."""
    poll_seconds_beside_webhooks: float = Field(default=300.0, gt=0)
    """The same while webhooks bring it."""
    poll_concurrency: int = Field(default=4, ge=1)
    """Inboxes that one process looks through at the same time."""
    webhook_check_seconds: float = Field(default=3_600.0, gt=0)
    """How often it is looked whether our webhook at AgentMail is still registered and switched on."""
    sent_days_kept_days: float = Field(default=30.0, ge=2)
    """How long it is kept how many messages an account sent on a day."""
