"""The harness has teeth: every kind of bug planted in a healthy run is found, under its own invariant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.callers import Answer
from tests.support.evidence import Evidence, Logged
from tests.support.invariants import violations
from tests.support.lives import lives
from tests.unit.reliability.run import ADA, BOB, FAILED, LIVES, entry, healthy, made, placed, undone


def test_a_healthy_run_violates_nothing() -> None:
    assert violations(healthy()) == {}


def test_a_deleted_account_violates_nothing() -> None:
    assert violations(deleted(healthy())) == {}


def with_ledger(*entries: dict[str, object]) -> Evidence:
    run = healthy()
    return replace(run, ledger=[*run.ledger, *entries])


def without(kind: str, subject: UUID) -> Evidence:
    """A run in which one event was never recorded, nor anything it would have led to seen."""
    log = [event for event in healthy().log if (event.kind, event.subject) != (kind, subject)]
    return healthy(placed(log))


def changed(change: Callable[[Logged], Logged], kind: str) -> Evidence:
    return healthy([change(event) if event.kind == kind else event for event in healthy().log])


def second_inbox() -> Evidence:
    return with_ledger(entry("inbox.created", ADA, f"mw-test-{LIVES}"))


def suffixed_inbox() -> Evidence:
    return with_ledger(entry("inbox.created", "ada2@example.com", f"mw-test-{UUID(int=0xA9)}"))


def warmup_enabled_twice() -> Evidence:
    return with_ledger(*[entry("warmup.enabled", ADA, "job")] * 2)


def two_winners_of_a_race() -> Evidence:
    run = healthy()
    return replace(run, answers=[*run.answers, *[Answer("retry", ADA, 200, LIVES)] * 2])


def domain_nobody_claims() -> Evidence:
    run = healthy()
    agentmail = {**run.objects["agentmail"], "domains": [{"domain": "left.example"}]}
    return replace(run, objects={**run.objects, "agentmail": agentmail})


def record_nobody_claims() -> Evidence:
    run = healthy()
    record = {"type": "MX", "name": "left.example", "comment": f"managed-by:mailwright domain:{LIVES}"}
    return replace(run, objects={**run.objects, "cloudflare": {"records": [record]}})


def orphan_inbox() -> Evidence:
    run = healthy()
    inboxes = [*run.objects["agentmail"]["inboxes"], {"client_id": f"mw-test-{FAILED}", "email": BOB}]
    return replace(
        run, objects={**run.objects, "agentmail": {**run.objects["agentmail"], "inboxes": inboxes}}
    )


def missing_sender() -> Evidence:
    run = healthy()
    return replace(run, objects={**run.objects, "instantly": {**run.objects["instantly"], "accounts": []}})


def second_key() -> Evidence:
    run = healthy()
    keys = run.objects["agentmail"]["keys"] * 2
    return replace(run, objects={**run.objects, "agentmail": {**run.objects["agentmail"], "keys": keys}})


def open_request() -> Evidence:
    run = healthy()
    return replace(run, requests=[replace(run.requests[0], is_open=True, status=None), run.requests[1]])


def missing_answer() -> Evidence:
    return without("account.request_answered", LIVES)


def two_answers() -> Evidence:
    run = healthy()
    answer = next(event for event in run.log if event.kind == "account.request_answered")
    other = replace(answer, id=UUID(int=0xF1), data={**answer.data, "outcome": "failed"})
    return healthy(placed([*run.log, other]))


def lost_account() -> Evidence:
    run = healthy()
    return replace(run, accounts={FAILED: run.accounts[FAILED]})


def stuck_account() -> Evidence:
    run = healthy()
    stuck = replace(run.accounts[LIVES], status="provisioning")
    return replace(run, accounts={**run.accounts, LIVES: stuck})


def never_settled() -> Evidence:
    run = healthy()
    return replace(run, answers=[Answer("create", ADA, 202, LIVES), run.answers[1]])


def server_error() -> Evidence:
    run = healthy()
    return replace(run, answers=[*run.answers, Answer("create", "eve@example.com", 500)])


def half_undone() -> Evidence:
    run = healthy()
    kept = [each for each in run.ledger if each["effect"] != "sender.deleted"]
    return replace(run, ledger=kept)


def undone_forwards() -> Evidence:
    run = healthy()
    return replace(run, ledger=[*made(LIVES, ADA), *made(FAILED, BOB), *reversed(undone(FAILED, BOB))])


def undone_though_it_lives() -> Evidence:
    return with_ledger(entry("sender.deleted", ADA, ADA), entry("sender.created", ADA, ADA))


def burned_by_a_timeout() -> Evidence:
    return with_ledger(entry("inbox.deleted", ADA, f"mw-test-{LIVES}"))


def failed_by_a_timeout() -> Evidence:
    run = healthy()
    failed = replace(run.accounts[LIVES], status="failed")
    return replace(run, accounts={**run.accounts, LIVES: failed})


def version_hole() -> Evidence:
    return without("account.credentials_issued", LIVES)


def version_twice() -> Evidence:
    return changed(lambda event: replace(event, sequence=4), "account.provisioned")


def illegal_step() -> Evidence:
    return changed(lambda event: replace(event, type="mailwright.account.undone.v1"), "account.provisioned")


def effect_before_cause() -> Evidence:
    return changed(lambda event: replace(event, time=event.time.replace(year=2025)), "warmup.started")


def drifted_row() -> Evidence:
    return replace(healthy(), drift=["a row differs"])


def stale_row() -> Evidence:
    run = healthy()
    stale = replace(run.accounts[LIVES], account_version=5)
    return replace(run, accounts={**run.accounts, LIVES: stale})


def lost_event() -> Evidence:
    run = healthy()
    return replace(run, received=run.received - {run.log[3].id})


def invented_event() -> Evidence:
    run = healthy()
    return replace(run, received=run.received | {UUID(int=0xBAD)})


def unpublished_event() -> Evidence:
    run = healthy()
    return replace(run, published={stream: end - 1 for stream, end in run.published.items()})


def pending_event() -> Evidence:
    return replace(healthy(), unpublished=["1 rows in event_pending of warmup"])


def dead_letter() -> Evidence:
    return replace(healthy(), unhandled=["1 rows in dead_letters of warmup"])


def lagging_reader() -> Evidence:
    run = healthy()
    return replace(run, positions={place: at - 1 for place, at in run.positions.items()})


def deaf_reader() -> Evidence:
    run = healthy()
    heard = {place: at for place, at in run.positions.items() if place[0] != "warmup"}
    return replace(run, positions=heard)


def request_handled_twice() -> Evidence:
    run = healthy()
    again = next(event for event in run.log if event.kind == "account.reserved")
    return healthy(placed([*run.log, replace(again, id=UUID(int=0xF2))]))


def answer_given_twice() -> Evidence:
    run = healthy()
    again = next(event for event in run.log if event.kind == "account.request_answered")
    return healthy(placed([*run.log, replace(again, id=UUID(int=0xF3))]))


def deleted(run: Evidence) -> Evidence:
    """The run, in which the account that failed was deleted afterwards as it should be."""
    gone = {FAILED: replace(run.accounts[FAILED], status=None)}
    return replace(run, accounts={LIVES: run.accounts[LIVES]}, gone=gone, burned=frozenset({BOB}))


def deleted_and_still_there() -> Evidence:
    run = healthy()
    return replace(run, answers=[*run.answers, Answer("delete", ADA, 200, LIVES)])


def signed_otherwise() -> Evidence:
    return changed(
        lambda event: replace(event, data={"account": {"signature": "Ada"}}), "account.provisioned"
    )


def deleted_by_half() -> Evidence:
    return deleted(half_undone())


def free_after_deletion() -> Evidence:
    return replace(deleted(healthy()), burned=frozenset())


PLANTED = {
    "I1": (
        open_request, missing_answer, two_answers, lost_account, stuck_account, never_settled, server_error,
        deleted_and_still_there,
    ),
    "I2": (second_inbox, suffixed_inbox, warmup_enabled_twice, two_winners_of_a_race),
    "I3": (
        orphan_inbox, missing_sender, second_key, signed_otherwise, domain_nobody_claims, record_nobody_claims,
    ),
    "I4": (
        half_undone, undone_forwards, undone_though_it_lives, deleted_by_half, free_after_deletion,
    ),
    "I5": (burned_by_a_timeout, failed_by_a_timeout),
    "I6": (version_hole, version_twice, illegal_step, effect_before_cause),
    "I7": (drifted_row, stale_row),
    "I8": (lost_event, invented_event, unpublished_event, pending_event),
    "I9": (dead_letter, lagging_reader, deaf_reader, request_handled_twice, answer_given_twice),
}  # fmt: skip


@pytest.mark.parametrize(
    ("invariant", "plant"), [(name, plant) for name, plants in PLANTED.items() for plant in plants]
)
def test_a_planted_bug_is_found(invariant: str, plant: Callable[[], Evidence]) -> None:
    assert violations(plant()).get(invariant), f"{plant.__name__} was not seen by {invariant}"


def test_a_violation_is_told_with_the_lives_of_the_accounts_it_names() -> None:
    run = orphan_inbox()
    sentences = [sentence for found in violations(run).values() for sentence in found]

    told = "\n".join(lives(run, sentences))

    assert f"the life of {FAILED}:" in told
    assert "provisioner account.provisioning_failed 5" in told
    assert f"'effect': 'inbox.created', 'subject': '{BOB}'" in told
    assert str(LIVES) not in told
