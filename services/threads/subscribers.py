"""The Kafka edge: which topics the threads service reads; its parts say which handler each event goes to."""

from __future__ import annotations

from shared.contracts.envelope import ACCOUNTS, THREADS

TOPICS = (ACCOUNTS, THREADS)
