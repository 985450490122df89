"""Where mail clients reach the inboxes, for the dialects that tell their clients."""

from __future__ import annotations

from dataclasses import dataclass

STARTTLS_PORT = 587
"""At this port mail clients begin in the clear and then encrypt; at every other they encrypt from the beginning."""


@dataclass(frozen=True, slots=True)
class MailServers:
    """The inbox provider's own servers, unless the installation names others."""

    imap_host: str = "imap.agentmail.to"
    imap_port: int = 993
    smtp_host: str = "smtp.agentmail.to"
    smtp_port: int = 465

    @property
    def is_starttls(self) -> bool:
        """Whether sending begins in the clear."""
        return self.smtp_port == STARTTLS_PORT
