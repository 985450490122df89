"""Which environment variables shape a threads process; read by `main` and `bootstrap` only."""

from __future__ import annotations

from pydantic import Field, SecretStr

from shared.settings import MailSettings


class ThreadsSettings(MailSettings):
    """Every field is read from the environment with the prefix `MAILWRIGHT_`."""

    agentmail_url: str = "https://api.agentmail.to"
    """Where AgentMail answers, without the `/v0`."""
    agentmail_key: SecretStr = SecretStr("")
    """The organisation's API key at AgentMail."""
    agentmail_requests_per_second: float = Field(default=100.0, gt=0)
    """The budget that all processes share for AgentMail."""
