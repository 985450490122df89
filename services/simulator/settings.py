"""Which environment variables shape a simulator process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SimulatorSettings(BaseSettings):
    """Settings of one simulator process; every field is read from the environment with the prefix `MAILWRIGHT_`."""

    model_config = SettingsConfigDict(env_prefix="MAILWRIGHT_", frozen=True, extra="ignore")

    simulator_data: Path | None = Field(
        default=None, description="Folder of state and ledger; unset = in memory only."
    )
    day_seconds: float = Field(
        default=86_400.0, gt=0, description="Length of one virtual day in real seconds."
    )
    clock_anchor: AwareDatetime | None = Field(
        default=None, description="Start of virtual day 0; unset = first start."
    )
    clock_paused_seconds: float = Field(
        default=0.0, ge=0, description="Seconds since the anchor that do not count."
    )
    platform_domains: str = Field(
        default="myagentmail.com,myagent.mx",
        description="Comma separated domains that are verified from the start.",
    )
    log_level: str = Field(default="INFO", description="The least severe log line that is written.")
    simulator_job_seconds: float = Field(
        default=0.3, ge=0, description="How long a warmup background job runs."
    )
    simulator_job_lock: Literal["account", "workspace", "off"] = Field(
        default="account", description="Whom a running warmup job locks out with 409."
    )
    simulator_verify_seconds: float = Field(
        default=0.2, ge=0, description="How long a domain stays VERIFYING once its records are right."
    )
    simulator_dns_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="UDP and TCP port of the simulated DNS; 0 = any, unset = none.",
    )
    simulator_dns_host: str = Field(
        default="127.0.0.1", description="Address on which the simulated DNS listens."
    )


class Knobs(BaseSettings):
    """Provider behaviours nobody documents, each with its likeliest value; `POST /_sim/knobs` changes them."""

    model_config = SettingsConfigDict(env_prefix="MAILWRIGHT_SIMULATOR_", frozen=True, extra="forbid")

    empty_status: Literal[202, 204] = 204
    """What AgentMail answers where it has nothing to say."""
    taken_status: Literal[403, 409] = 403
    """What AgentMail answers about an address that is taken."""
    deleted_address: Literal["taken", "deleting", "allow"] = "taken"
    """What AgentMail says to an inbox at the address of a deleted one."""
    inbox_limit: int | None = None
    """Most inboxes the plan at AgentMail allows; unset = no limit."""
    inbox_visibility_seconds: float = 0.0
    """How long a new inbox does not do mail work yet."""
    message_ids: Literal["own", "given"] = "own"
    """Whether AgentMail names the mail it sends by itself, or by the Message-ID among the headers it was given."""
    imap_ready_seconds: float = 0.0
    """How long Instantly cannot log in to a new inbox yet."""
    imap_transient_failures: int = 0
    """How many first logins to each inbox fail."""
    duplicate_sender_status: Literal[400, 409] = 400
    """What Instantly answers to a sender it has already."""
    unknown_warmup_email: Literal["skip", "404"] = "skip"
    """What Instantly does about an address it does not know in a warmup call."""
    job_outcome: Literal["success", "failed"] = "success"
    """How warmup background jobs end."""
    plan_inactive: bool = False
    """Whether Instantly answers every call with 402, as to an organisation that has not paid."""
