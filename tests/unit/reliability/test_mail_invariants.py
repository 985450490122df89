"""The harness has teeth for mail too: every way to send twice, or to keep silent, is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.support.callers import Answer
from tests.support.evidence import Evidence, Logged
from tests.support.invariants import handled_once, in_sequence
from tests.support.invariants_mail import kept_once, sent_once_or_said
from tests.support.legal import may_follow
from tests.unit.reliability.run import entry

THREAD = UUID(int=0x7)
SENT, FAILED, UNKNOWN, ADMITTED = (UUID(int=n) for n in (0xC1, 0xC2, 0xC3, 0xC4))


def told(number: int, kind: str, message_id: UUID, status: str) -> Logged:
    message = {"message_id": str(message_id), "status": status, "direction": "outbound"}
    return Logged(
        "threads", "mailwright.threads.v1", 0, number, UUID(int=(0xE << 64) + number),
        f"mailwright.thread.message_{kind}.v1", THREAD, datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number),
        number, None, None, {"thread": {"status": "active"}, "message": message},
    )  # fmt: skip


def left(message_id: UUID) -> dict[str, object]:
    return entry("message.sent", "<m@x>", f"mw-test-{message_id}")


def healthy(*also: Logged) -> Evidence:
    """Evidence of four messages: one left, one did not, of one nobody knows, and of one an operator found out."""
    log = [
        *(told(n, "queued", each, "queued") for n, each in enumerate((SENT, FAILED, UNKNOWN, ADMITTED), 1)),
        told(5, "sent", SENT, "sent"),
        told(6, "failed", FAILED, "failed"),
        told(7, "unknown", UNKNOWN, "unknown"),
        told(8, "unknown", ADMITTED, "unknown"),
        told(9, "sent", ADMITTED, "sent"),
        *also,
    ]
    answers = [Answer("send", "ann@example.com", 201, each) for each in (SENT, UNKNOWN, ADMITTED)]
    ledger = [left(SENT), left(UNKNOWN), left(ADMITTED), entry("message.sent", "<w@x>", "warmup")]
    return Evidence(answers=[*answers, Answer("send", "ann@example.com", 502)], ledger=ledger, log=log)


def without(*ids: UUID) -> Evidence:
    run = healthy()
    kept = [each for each in run.ledger if each["key"] not in {f"mw-test-{one}" for one in ids}]
    return replace(run, ledger=kept)


def sent_twice() -> Evidence:
    return replace(healthy(), ledger=[*healthy().ledger, left(SENT)])


def failed_and_sent() -> Evidence:
    return replace(healthy(), ledger=[*healthy().ledger, left(FAILED)])


def sent_without_leaving() -> Evidence:
    return without(SENT)


def sent_without_a_fact() -> Evidence:
    return replace(healthy(), ledger=[*healthy().ledger, left(UUID(int=0xC9))])


def still_queued() -> Evidence:
    return healthy(told(10, "queued", UUID(int=0xC9), "queued"))


def silently_dropped() -> Evidence:
    run = healthy()
    return replace(run, answers=[*run.answers, Answer("send", "bob@example.com", 202, UUID(int=0xC9))])


def ended_twice() -> Evidence:
    return healthy(told(10, "sent", SENT, "sent"))


def test_a_healthy_run_violates_nothing() -> None:
    assert list(sent_once_or_said(healthy())) == []
    assert list(sent_once_or_said(without(UNKNOWN))) == [], "nobody knows whether it left"


def test_a_mail_that_its_provider_took_and_then_rejected_violates_nothing() -> None:
    rejected = told(10, "failed", SENT, "failed")
    rejected.data["message"]["failure"] = {"code": "message_rejected", "message": "It was rejected."}

    assert list(sent_once_or_said(healthy(rejected))) == []


@pytest.mark.parametrize(
    "plant",
    [
        sent_twice,
        failed_and_sent,
        sent_without_leaving,
        sent_without_a_fact,
        still_queued,
        silently_dropped,
        ended_twice,
    ],
)
def test_a_planted_bug_is_found(plant: Callable[[], Evidence]) -> None:
    assert list(sent_once_or_said(plant())), f"{plant.__name__} was not seen"


ACCOUNT = UUID(int=0xA)
INBOX = "sam@example.com"
PUFFLE = {"account_id": str(ACCOUNT), "inbox_id": INBOX, "dialect": "puffle", "status": "provisioned"}


def mailed(*labels: str, times: int = 1, **account: str) -> Evidence:
    """Evidence of one mail that arrived at an account's inbox, and is told of so many times."""
    made = replace(
        told(0, "", SENT, ""),
        type="mailwright.account.provisioned.v1",
        subject=ACCOUNT,
        data={"account": PUFFLE | account},
    )
    message = {
        "message_id": str(SENT),
        "account_id": str(ACCOUNT),
        "provider_message_id": "<1@there>",
        "status": "received",
        "direction": "inbound",
    }
    arrived = [
        replace(
            told(n, "received", SENT, "received"), data={"thread": {"status": "active"}, "message": message}
        )
        for n in range(1, times + 1)
    ]
    mail = {"inbox_id": INBOX, "message_id": "<1@there>", "labels": ["received", *labels]}
    return Evidence(answers=[], ledger=[], log=[made, *arrived], objects={"agentmail": {"messages": [mail]}})


def test_mail_that_is_told_of_once_violates_nothing() -> None:
    assert list(kept_once(mailed())) == []
    assert list(kept_once(mailed("spam", times=0))) == []
    assert list(kept_once(mailed(times=0, dialect="sendmux"))) == []
    assert list(kept_once(mailed(times=0, status="deleted"))) == []


@pytest.mark.parametrize("times", [0, 2])
def test_mail_that_is_lost_or_told_of_twice_is_found(times: int) -> None:
    assert list(kept_once(mailed(times=times)))


def test_an_erased_thread_has_no_further_life() -> None:
    active = told(1, "queued", SENT, "queued")
    erased = replace(active, data={"thread": {"status": "erased"}})

    assert may_follow("thread", None, active)
    assert may_follow("thread", active, erased)
    assert not may_follow("thread", erased, active)
    assert not may_follow("thread", None, erased)


def test_a_suppression_is_added_and_lifted_in_turn() -> None:
    added = replace(told(1, "", SENT, ""), type="mailwright.suppression.added.v1")
    lifted = replace(added, type="mailwright.suppression.lifted.v1")

    assert may_follow("suppression", None, added)
    assert may_follow("suppression", added, lifted)
    assert may_follow("suppression", lifted, added)
    assert not may_follow("suppression", None, lifted)
    assert not may_follow("suppression", added, added)


def test_a_message_that_lived_otherwise_is_found() -> None:
    assert "became" in " ".join(in_sequence(ended_twice()))
    assert "became" in " ".join(in_sequence(healthy(told(10, "queued", FAILED, "queued"))))
    assert "became" not in " ".join(in_sequence(healthy()))


@pytest.mark.parametrize("kind", ["drafted", "message_queued"])
def test_a_request_that_was_handled_twice_is_found(kind: str) -> None:
    begun = replace(
        told(10, "", UUID(int=0xC9), "queued"),
        type=f"mailwright.thread.{kind}.v1",
        causation_id=UUID(int=0xE1),
    )
    assert str(begun.causation_id) not in " ".join(handled_once(healthy(begun)))
    assert str(begun.causation_id) in " ".join(handled_once(healthy(begun, begun)))
