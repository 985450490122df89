"""The settings every service shares; each service adds its own to a subclass."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.clock import Calendar, Clock, ShiftedClock, SystemClock
from shared.messaging.broker import KafkaSettings


class CommonSettings(BaseSettings):
    """Read from `MAILWRIGHT_*` environment variables by `main` and `bootstrap` only."""

    model_config = SettingsConfigDict(
        env_prefix="MAILWRIGHT_",
        secrets_dir=os.environ.get("MAILWRIGHT_SECRETS_DIR"),  # files such as mailwright_database_url
        extra="ignore",
        frozen=True,
    )

    database_url: SecretStr
    """PostgreSQL URL of a login that may act as the service's role."""
    kafka_bootstrap: str
    """Host and port of a broker."""
    kafka_idempotence: bool = True
    """Whether the broker supports the idempotent producer; the embedded one does not."""
    kafka_fetch_max_wait_ms: int = Field(default=500, ge=0)
    """How long a fetch may wait at the broker, in milliseconds; 20 with the embedded broker."""
    kafka_session_timeout_ms: int = Field(default=30_000, gt=0)
    """How long a silent consumer keeps its partitions, in milliseconds; 3000 with the embedded broker."""
    kafka_leave_group: bool = True
    """Whether a consumer that stops tells its group; off with the embedded broker, whose groups may not survive it."""
    topic_partitions: int = Field(default=6, ge=1)
    """Partitions of each topic; fixed once a topic exists."""
    topic_replication: int = Field(default=1, ge=1)
    """Replicas of each topic when it is created."""
    master_keys: SecretStr = SecretStr("")
    """Keys that wrap the vault's data keys: `1:<base64 of 32 bytes>`, comma-separated, the highest number seals."""
    installation: str = Field(default="local", pattern=r"^[a-z0-9-]{1,24}$")
    """Names this installation in the idempotency keys it sends to providers; never change it."""
    day_seconds: float = Field(default=86_400.0, gt=0)
    """Length of a warmup day in seconds; smaller values make a demonstration fast."""
    clock_anchor: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)
    """The instant from which warmup days are counted."""
    clock_paused_seconds: float = Field(default=0.0, ge=0)
    """Seconds since the anchor that do not count, because the system was switched off."""
    clock_shift_file: Path | None = None
    """For tests only: a file with the seconds by which the machine's clock is set forward or back; unset, it is right."""
    log_level: str = "INFO"
    """Least severe level that is logged."""
    tidy_seconds: float = Field(default=3_600.0, gt=0)
    """How often a service takes out what it need not keep any longer; see docs/retention.md."""
    answers_kept_days: float = Field(default=30.0, ge=0)
    """How long an owner can send the answer of a request again; that it was handled is known for ever."""
    dead_letters_kept_days: float = Field(default=30.0, ge=0)
    """How long a dead letter is kept after it was replayed or dismissed; until then it stays."""

    def kafka(self) -> KafkaSettings:
        """Return how to reach the broker."""
        return KafkaSettings(
            bootstrap=self.kafka_bootstrap,
            idempotence=self.kafka_idempotence,
            fetch_max_wait_ms=self.kafka_fetch_max_wait_ms,
            session_timeout_ms=self.kafka_session_timeout_ms,
            leave_group=self.kafka_leave_group,
            partitions=self.topic_partitions,
            replication=self.topic_replication,
        )

    def clock(self) -> Clock:
        """Return where the service's time comes from."""
        return SystemClock() if self.clock_shift_file is None else ShiftedClock(self.clock_shift_file)

    def calendar(self) -> Calendar:
        """Return how warmup days are counted."""
        return Calendar(self.clock_anchor, self.day_seconds, self.clock_paused_seconds)


class MailSettings(CommonSettings):
    """What the services that handle mail share besides."""

    public_url: str = ""
    """Where the public API answers: files are read and provider webhooks arrive below it."""
    object_store_url: str = ""
    """Where attachments lie: `file:///folder`, which all these services see, or `s3://bucket/prefix`."""
    object_store_endpoint: str = ""
    """Where an S3-compatible store answers; unset, Amazon's own or what `AWS_ENDPOINT_URL` says."""
    object_store_region: str = ""
    """The region of the bucket; unset, what `AWS_REGION` says."""
    object_store_key_id: str = ""
    """The id of the access key; unset, what `AWS_ACCESS_KEY_ID` says, or the machine's own role."""
    object_store_key: SecretStr = SecretStr("")
    """The secret of that access key."""


class AgentMailSettings(CommonSettings):
    """What the services that call AgentMail share besides."""

    agentmail_url: str = "https://api.agentmail.to"
    """Where AgentMail answers, without the `/v0`."""
    agentmail_key: SecretStr = SecretStr("")
    """The organisation's API key at AgentMail."""
    agentmail_requests_per_second: float = Field(default=100.0, gt=0)
    """The budget that all processes share for AgentMail."""


class InstantlySettings(CommonSettings):
    """What the services that call Instantly share besides."""

    instantly_url: str = "https://api.instantly.ai/api/v2"
    """Where Instantly's API v2 answers."""
    instantly_key: SecretStr = SecretStr("")
    """The workspace's API key at Instantly."""
    instantly_requests_per_second: float = Field(default=100.0, gt=0)
    """The budget that all processes share for Instantly; its own limit is 100 for the whole workspace."""
