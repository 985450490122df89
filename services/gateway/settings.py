"""Which environment variables shape a gateway process."""

from __future__ import annotations

from pydantic import Field

from services.gateway.mail_servers import MailServers
from shared.settings import MailSettings


class GatewaySettings(MailSettings):
    """Settings of one gateway process; every field is read from the environment with the prefix `MAILWRIGHT_`."""

    gateway_pool_size: int = Field(default=10, ge=1)
    """Most connections that accept requests, project events and look for answers."""
    gateway_read_pool_size: int = Field(default=10, ge=1)
    """Most connections that serve reads, each bound to the caller's tenant while it does."""
    gateway_waiting_calls: int = Field(default=2_000, ge=0)
    """Most calls that may wait for an answer at once; beyond it a call is refused with 503."""
    gateway_wait_seconds: float = Field(default=30.0, ge=0)
    """How long a call waits for its answer when it does not say (`Prefer: wait=n`)."""
    gateway_longest_wait_seconds: float = Field(default=60.0, ge=0)
    """The longest wait a call may ask for."""
    gateway_sendmux_calls_per_minute: int = Field(default=600, ge=0)
    """How many calls a Sendmux key may make in a minute, over all processes; 0 is no limit."""
    gateway_calls_per_minute: int = Field(default=600_000, ge=0)
    """The same for a key of the other dialects."""
    gateway_requests_kept_days: float = Field(default=30.0, ge=0)
    """How long an answered request is kept after its Idempotency-Key ended; one that was to make something stays."""
    imap_host: str = "imap.agentmail.to"
    """Where mail clients read the inboxes' mail."""
    imap_port: int = Field(default=993, ge=1, le=65_535)
    """The port they read it at."""
    smtp_host: str = "smtp.agentmail.to"
    """Where mail clients send the inboxes' mail."""
    smtp_port: int = Field(default=465, ge=1, le=65_535)
    """The port they send it at; 587 is STARTTLS."""

    def mail_servers(self) -> MailServers:
        """Return what clients are told of the mail servers."""
        return MailServers(self.imap_host, self.imap_port, self.smtp_host, self.smtp_port)
