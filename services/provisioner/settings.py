"""Which environment variables shape a provisioner process; read by `main` and `bootstrap` only."""

from __future__ import annotations

from pydantic import Field, SecretStr

from shared.settings import AgentMailSettings, InstantlySettings


class ProvisionerSettings(AgentMailSettings, InstantlySettings):
    """Every field is read from the environment with the prefix `MAILWRIGHT_`."""

    cloudflare_url: str = "https://api.cloudflare.com/client/v4"
    """Where Cloudflare's API v4 answers."""
    cloudflare_token: SecretStr = SecretStr("")
    """The API token for the zones the system may write to."""
    cloudflare_zones: str = ""
    """Zones the system may write to: comma separated names, `*` for every zone the token sees, empty for none."""
    cloudflare_requests_per_second: float = Field(default=4.0, gt=0)
    """The budget that all processes share for Cloudflare; its own limit is 1,200 in five minutes."""
    platform_domains: str = ""
    """Comma separated domains that are verified and usable by every tenant."""

    saga_concurrency: int = Field(default=64, ge=1)
    """Sagas that one process drives at the same time."""
    saga_lease_seconds: float = Field(default=10.0, gt=0)
    """How long a saga, or a domain's name, stays with a process that stopped renewing its lease."""
    saga_deadline_seconds: float = Field(default=86_400.0, gt=0)
    """After this long a saga gives up, or says that it is stuck if an inbox may exist."""
    undo_stuck_seconds: float = Field(default=3_600.0, gt=0)
    """After this long an undo or a deletion that still goes on says that it is stuck."""
    warmup_end_seconds: float = Field(default=60.0, gt=0)
    """How long the deletion of an account waits to hear that its warmup has ended before it goes on without."""
    command_seconds: float = Field(default=20.0, gt=0)
    """How long a command waits for a provider that asks to wait, or for a look-up, before it is answered as not done."""
    sender_login_attempts: int = Field(default=10, ge=1)
    """How often a new mailbox may fail its first login at the warmup provider before that counts as a refusal."""
    sweep_seconds: tuple[float, ...] = (120.0, 900.0, 3_600.0, 86_400.0)
    """When an effect that may still land late is looked for, counted from the moment its outcome became unknown."""
    domain_poll_seconds: float = Field(default=600.0, gt=0)
    """The first delay between two checks of a domain that is verifying; it doubles from check to check."""
    domain_recheck_hours: float = Field(default=6.0, gt=0)
    """After how many hours of a warmup day, which has 24, a verified domain is looked at again."""
    dns_servers: str = ""
    """Comma separated `host[:port]` of the DNS servers that are asked for a domain's records; empty = the system's."""
    dns_timeout_seconds: float = Field(default=5.0, gt=0)
    """How long one DNS question may take, with all its repeats."""

    def domain_recheck_seconds(self) -> float:
        """Return the seconds between two looks at a verified domain; however short the days, no less than the first delay."""
        return max(self.domain_recheck_hours / 24 * self.day_seconds, self.domain_poll_seconds)
