"""A small healthy run as evidence: one account that lives and one that failed and was undone; tests plant bugs in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from tests.support.callers import Answer
from tests.support.evidence import READS, Asked, Evidence, Json, Logged, Shown

START = datetime(2026, 3, 1, tzinfo=UTC)
LIVES, FAILED = UUID(int=0xA1), UUID(int=0xA2)
ADA, BOB = "ada@example.com", "fail-tag-bob@example.com"
TOPIC = "mailwright.accounts.v1"
_SHARED = f"mw-test-warmup-{UUID(int=0xB)}"


def entry(effect: str, subject: str, key: str) -> Json:
    return {"effect": effect, "subject": subject, "key": key}


def made(account_id: UUID, address: str) -> list[Json]:
    """The ledger of an account that came to be."""
    own = f"mw-test-{account_id}"
    return [
        entry("inbox.created", address, own),
        entry("key.created", address, f"mailwright:{account_id}"),
        entry("sender.created", address, address),
        entry("tag.created", own, own),
        entry("tag.assigned", address, own),
        entry("tag.assigned", address, _SHARED),
    ]


def undone(account_id: UUID, address: str) -> list[Json]:
    """The ledger of everything `made` made being undone."""
    own = f"mw-test-{account_id}"
    return [
        entry("tag.unassigned", address, own),
        entry("tag.unassigned", address, _SHARED),
        entry("tag.deleted", own, own),
        entry("sender.deleted", address, address),
        entry("key.revoked", address, f"mailwright:{account_id}"),
        entry("inbox.deleted", address, own),
    ]


def objects() -> dict[str, Any]:
    """What is left at the providers: everything of the account that lives, and the shared tag."""
    own = f"mw-test-{LIVES}"
    tags = [{"id": "t1", "label": own}, {"id": "t2", "label": _SHARED}]
    return {
        "agentmail": {
            "inboxes": [{"client_id": own, "email": ADA}],
            "keys": [{"name": f"mailwright:{LIVES}", "inbox_id": ADA}],
        },
        "instantly": {
            "accounts": [{"email": ADA}],
            "tags": tags,
            "mappings": [{"tag_id": tag["id"], "resource_id": ADA} for tag in tags],
        },
    }


def _events(
    account_id: UUID, request_id: UUID, last: tuple[str, ...], numbers: Iterator[int]
) -> list[Logged]:
    kinds = ("reserved", "inbox_created", "credentials_issued", "sender_registered", *last)
    log = [_event(numbers, "gateway", "account.requested", account_id, None, request_id)]
    for version, kind in enumerate(kinds, 1):
        log.append(
            _event(numbers, "provisioner", f"account.{kind}", account_id, version, request_id, log[-1].id)
        )
    if "provisioned" in last:
        log.append(_event(numbers, "warmup", "warmup.started", account_id, 1, request_id, log[-1].id))
    source = "warmup" if "provisioned" in last else "provisioner"
    answer = _event(numbers, source, "account.request_answered", account_id, None, request_id, log[-1].id)
    return [*log, replace(answer, data={"request_id": str(request_id), "outcome": "done"})]


def _event(
    numbers: Iterator[int],
    source: str,
    kind: str,
    subject: UUID,
    version: int | None,
    request_id: UUID,
    cause: UUID | None = None,
) -> Logged:
    number = next(numbers)
    data = {"warmup": {"status": "warming"}} if kind.startswith("warmup") else {}
    return Logged(
        source, TOPIC, 0, 0, UUID(int=(0xE << 64) + number), f"mailwright.{kind}.v1", subject,
        START + timedelta(seconds=number), version, request_id, cause, data,
    )  # fmt: skip


def placed(log: list[Logged]) -> list[Logged]:
    """Give every event the next place in its producer's log."""
    places = {event.source: count(1) for event in log}
    return [replace(event, position=next(places[event.source])) for event in log]


def healthy(log: list[Logged] | None = None) -> Evidence:
    """Evidence of a run in which everything went right; with another log, of one in which only that log is wrong."""
    if log is None:
        numbers = count(1)
        log = placed(
            [
                *_events(LIVES, UUID(int=1), ("tags_assigned", "provisioned"), numbers),
                *_events(FAILED, UUID(int=2), ("provisioning_failed", "undone"), numbers),
            ]
        )
    ends = {(event.source, TOPIC, 0): sum(each.source == event.source for each in log) for event in log}
    return Evidence(
        answers=[
            Answer("create", ADA, 202, LIVES, {"status": "warming"}),
            Answer("create", BOB, 202, FAILED, {"status": "failed"}),
        ],
        ledger=[*made(LIVES, ADA), *made(FAILED, BOB), *undone(FAILED, BOB)],
        objects=objects(),
        log=log,
        requests=[
            Asked(UUID(int=1), "account.create", LIVES, False, 201, None),
            Asked(UUID(int=2), "account.create", FAILED, False, 502, "provider_refused"),
        ],
        accounts={
            LIVES: Shown(LIVES, ADA, "warming", "warming", 6, 1),
            FAILED: Shown(FAILED, BOB, "failed", "not_started", 6, 0),
        },
        received=frozenset(event.id for event in log),
        published=ends,
        positions={(reader, stream): end for stream, end in ends.items() for reader in READS},
    )
