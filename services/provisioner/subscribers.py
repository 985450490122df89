"""The Kafka edge: which topics the provisioner reads; its parts say which handler each event goes to."""

from __future__ import annotations

from shared.contracts.envelope import ACCOUNTS, DOMAINS

TOPICS = (ACCOUNTS, DOMAINS)
