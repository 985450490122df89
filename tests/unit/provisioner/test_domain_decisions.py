"""What a claim needs next, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.provisioner.domain.dns_judging import Answers, Question
from services.provisioner.domain.domain_changes import (
    LOST,
    NOT_SEEN,
    REFUSED,
    TAKEN,
    answer_of,
    deleted,
    deleting,
    failed,
    looked_at,
    match_of,
    overridden,
    registered,
    synced,
    verifying,
)
from services.provisioner.domain.domains import (
    Claim,
    ProviderStatus,
    ProviderView,
    Publication,
    is_work_due,
    may_see,
    next_check_at,
    platform_domain_id,
    seconds_until_due,
    should_ask_provider,
)
from services.provisioner.domain.ownership import ownership_record, values_of
from shared.contracts.accounts import Failure
from shared.contracts.answers import Outcome
from shared.contracts.domains import (
    DnsRecord,
    DomainChanged,
    DomainDeleted,
    DomainDeleting,
    DomainFailed,
    DomainState,
    DomainStatus,
    DomainVerified,
    DomainVerifying,
)
from shared.contracts.requests import Caller, Dialect

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TENANT = UUID(int=1)
KEY = b"key"
MX = DnsRecord(type="MX", name="d.example", value="inbound.example", priority=10)

OWNERSHIP = Question("TXT", "_mailwright.d.example")
SEEN: Answers = {OWNERSHIP: [ownership_record(KEY, TENANT, "d.example").value]}
NOTHING: Answers = {OWNERSHIP: [], Question("MX", "d.example"): []}
TROUBLE: Answers = {OWNERSHIP: None, Question("MX", "d.example"): None}
VALID = tuple(
    record.model_copy(update={"status": "valid"})
    for record in (MX, ownership_record(KEY, TENANT, "d.example"))
)


def claim(status: DomainStatus = DomainStatus.PENDING, **state: Any) -> Claim:
    return Claim(
        state=DomainState(
            domain_id=UUID(int=9),
            tenant_id=TENANT,
            workspace_id=UUID(int=2),
            user_id=UUID(int=3),
            dialect=Dialect.PUFFLE,
            domain="d.example",
            status=status,
            created_at=NOW,
            updated_at=NOW,
            **state,
        ),
        ownership=ownership_record(KEY, TENANT, "d.example"),
        version=1,
    )


def view(status: ProviderStatus = ProviderStatus.UNVERIFIED, *records: DnsRecord) -> ProviderView:
    return ProviderView("d.example", status, records or (MX,))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_checks_follow_at_10_20_40_80_160_320_minutes_and_once_more_after_12_hours() -> None:
    at, gaps, checks = NOW, [], 0
    while (following := next_check_at(NOW, checks, at, 600.0)) is not None:
        gaps.append((following - at) / minutes(1))
        at, checks = following, checks + 1

    assert gaps == [10, 20, 40, 80, 160, 320, 90]
    assert at - NOW == timedelta(hours=12)


@pytest.mark.parametrize(
    ("changed", "is_asked", "expected"),
    [
        (claim(), False, True),
        (replace(claim(), publication=Publication.SYNCED), False, True),
        (replace(claim(), publication=Publication.MANUAL), False, False),
        (replace(claim(), publication=Publication.MANUAL), True, True),
        (claim(DomainStatus.VERIFYING, next_check_at=NOW), False, True),
        (claim(DomainStatus.VERIFYING, next_check_at=NOW + minutes(1)), False, False),
        (claim(DomainStatus.VERIFYING, next_check_at=NOW + minutes(1)), True, True),
        (claim(DomainStatus.FAILED), False, False),
        (claim(DomainStatus.FAILED), True, True),
        (claim(DomainStatus.VERIFIED), True, False),
        (claim(DomainStatus.DELETING), True, False),
        (replace(claim(), is_platform=True), True, False),
    ],
)
def test_what_is_due(changed: Claim, is_asked: bool, expected: bool) -> None:
    assert is_work_due(changed, NOW, is_asked=is_asked) is expected


def test_the_first_check_decides_when_a_name_is_due() -> None:
    waiting = [claim(DomainStatus.VERIFYING, next_check_at=NOW + minutes(count)) for count in (7, 3)]

    assert seconds_until_due([*waiting, claim(DomainStatus.VERIFIED)], NOW) == 180.0
    assert seconds_until_due(waiting, NOW + minutes(5)) == 0.0
    assert seconds_until_due([claim()], NOW) is None


@pytest.mark.parametrize(
    ("status", "asked_at", "is_fresh", "expected"),
    [
        (ProviderStatus.UNVERIFIED, None, False, True),
        (ProviderStatus.UNVERIFIED, NOW - minutes(4), False, False),
        (ProviderStatus.UNVERIFIED, NOW - minutes(5), False, True),
        (ProviderStatus.UNVERIFIED, NOW, True, True),
        (ProviderStatus.VERIFYING, None, True, False),
        (ProviderStatus.VERIFIED, None, True, False),
    ],
)
def test_the_provider_is_asked_seldom(
    status: ProviderStatus, asked_at: datetime | None, is_fresh: bool, expected: bool
) -> None:
    assert should_ask_provider(status, asked_at, NOW, is_fresh=is_fresh, pace_seconds=300.0) is expected


def test_a_registered_claim_lists_the_providers_records_and_its_own() -> None:
    change = registered(claim(), view(), NOW)

    assert [(record.name, record.purpose) for record in change.claim.state.dns_records] == [
        ("d.example", "mx"),
        ("_mailwright.d.example", "ownership"),
    ]
    assert change.claim.state.provider_domain_id == "d.example"


def test_a_published_record_counts_only_once_it_is_seen() -> None:
    change = synced(registered(claim(), view(), NOW).claim, NOW)

    assert change.claim.state.is_dns_synced
    assert {record.status for record in change.claim.state.dns_records} == {"missing"}


@pytest.mark.parametrize(
    ("status", "answers", "verifies"),
    [
        (ProviderStatus.VERIFIED, SEEN, True),
        (ProviderStatus.VERIFIED, NOTHING, False),
        (ProviderStatus.VERIFIED, TROUBLE, False),
        (ProviderStatus.VERIFIED, {}, False),
        (ProviderStatus.VERIFIED, {OWNERSHIP: ["mailwright-verification=another"]}, False),
        (ProviderStatus.VERIFYING, SEEN, False),
    ],
)
def test_both_the_provider_and_the_ownership_record_are_needed(
    status: ProviderStatus, answers: Answers, verifies: bool
) -> None:
    checking = verifying(claim(), NOW, 600.0).claim

    change = looked_at(
        checking,
        view(status),
        NOW,
        answers=answers,
        is_scheduled=True,
        first_seconds=600.0,
        recheck_seconds=6.0,
    )

    assert change is not None
    assert change.fact is (DomainVerified if verifies else DomainVerifying)
    assert change.claim.state.verified_at == (NOW if verifies else None)


def test_a_look_that_sees_nothing_new_says_nothing() -> None:
    checking = verifying(registered(claim(), view(), NOW).claim, NOW, 600.0).claim

    change = looked_at(
        checking, view(), NOW, answers=TROUBLE, is_scheduled=False, first_seconds=600.0, recheck_seconds=6.0
    )

    assert change is None


@pytest.mark.parametrize("hours", [0, 12, 40])
def test_trouble_of_dns_neither_fails_a_domain_nor_uses_up_its_patience(hours: int) -> None:
    checking = verifying(registered(claim(), view(), NOW).claim, NOW, 600.0).claim
    seen = replace(checking, state=checking.state.model_copy(update={"dns_records": VALID}))
    now = NOW + timedelta(hours=hours)

    change = looked_at(
        seen,
        view(ProviderStatus.VERIFIED),
        now,
        answers=TROUBLE,
        is_scheduled=True,
        first_seconds=600.0,
        recheck_seconds=6.0,
    )

    assert change is not None
    assert (change.fact, change.claim.checks) == (DomainVerifying, 0)
    assert change.claim.state.next_check_at == now + timedelta(seconds=30)
    assert {record.status for record in change.claim.state.dns_records} == {"valid"}


def test_an_override_lasts_until_a_check_and_changes_nothing_else() -> None:
    verified = claim(DomainStatus.VERIFIED, verified_at=NOW)
    synced_claim = replace(verified, publication=Publication.SYNCED)

    pending = overridden(synced_claim, DomainStatus.PENDING, NOW, 600.0)
    again = overridden(synced_claim, DomainStatus.VERIFYING, NOW, 600.0)
    failing = overridden(synced_claim, DomainStatus.FAILED, NOW, 600.0)

    assert {change.fact for change in (pending, again, failing)} == {DomainChanged}
    assert not is_work_due(pending.claim, NOW + timedelta(days=1), is_asked=False)
    assert is_work_due(pending.claim, NOW, is_asked=True)
    assert again.claim.state.next_check_at == NOW + minutes(10)
    assert not verifying(pending.claim, NOW, 600.0).claim.is_overridden
    assert answer_of(failing.claim, UUID(int=7)).outcome is Outcome.DONE
    assert failing.claim.state.verified_at == NOW


def test_a_claim_that_is_given_up_is_over() -> None:
    going = deleting(claim(DomainStatus.VERIFYING, next_check_at=NOW), NOW)
    gone = deleted(going.claim, NOW)

    assert (going.fact, going.claim.status) == (DomainDeleting, DomainStatus.DELETING)
    assert (gone.fact, gone.claim.status) == (DomainDeleted, DomainStatus.DELETED)
    assert not any(is_work_due(change.claim, NOW, is_asked=True) for change in (going, gone))
    assert answer_of(gone.claim, UUID(int=7)).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ({}, True),
        ({"workspace_id": None}, True),
        ({"workspace_id": UUID(int=8)}, False),
        ({"tenant_id": UUID(int=8)}, False),
        ({"dialect": Dialect.SENDMUX}, False),
    ],
)
def test_a_claim_is_there_for_its_own_dialect_tenant_and_workspace(
    caller: dict[str, Any], expected: bool
) -> None:
    who = Caller(
        tenant_id=TENANT,
        workspace_id=UUID(int=2),
        user_id=UUID(int=3),
        key_id="k",
        dialect=Dialect.PUFFLE,
    ).model_copy(update=caller)

    assert may_see(claim(), who) is expected
    assert not may_see(claim(DomainStatus.DELETED), who)
    assert not may_see(replace(claim(), is_platform=True), who)


def test_a_domain_fails_at_the_end_of_its_patience_and_can_begin_anew() -> None:
    checking = verifying(claim(), NOW, 600.0).claim
    late = NOW + timedelta(hours=12)

    change = looked_at(
        checking, view(), late, answers=NOTHING, is_scheduled=True, first_seconds=600.0, recheck_seconds=6.0
    )

    assert change is not None
    assert (change.fact, change.claim.state.failure) == (DomainFailed, NOT_SEEN)
    again = verifying(change.claim, late, 600.0).claim
    assert (again.status, again.state.failure, again.checks) == (DomainStatus.VERIFYING, None, 0)
    assert again.state.next_check_at == late + minutes(10)


def test_answers_follow_from_how_the_claim_stands() -> None:
    request = UUID(int=7)

    assert answer_of(claim(), request).needs == {"domain": 1}
    assert answer_of(failed(claim(), NOT_SEEN, NOW).claim, request).outcome is Outcome.DONE
    lost = Failure(code=LOST, message="Records are gone.")
    assert answer_of(failed(claim(), lost, NOW).claim, request).outcome is Outcome.DONE
    assert answer_of(failed(claim(), REFUSED, NOW).claim, request).outcome is Outcome.FAILED
    assert answer_of(failed(claim(), TAKEN, NOW).claim, request).outcome is Outcome.REFUSED
    assert match_of(replace(claim(), version=0), request).needs == {"domain": 1}


def test_the_ownership_record_is_the_tenants_and_the_names_alone() -> None:
    records = {
        ownership_record(key, tenant, name).value
        for key in (b"a", b"b")
        for tenant in (UUID(int=1), UUID(int=2))
        for name in ("d.example", "e.example")
    }

    assert len(records) == 8
    assert ownership_record(KEY, TENANT, "d.example") == ownership_record(KEY, TENANT, "d.example")


def test_what_other_keys_make_and_what_was_shown_before_prove_a_claim_and_its_own_record_still_does() -> None:
    checking = verifying(claim(), NOW, 600.0).claim
    able = replace(checking, proofs=values_of([b"newer", KEY], checking) | {"shown before"})
    newer = ownership_record(b"newer", TENANT, "d.example").value

    for said, expected in (
        (["else", newer], newer),
        (["shown before"], "shown before"),
        ([newer, able.ownership.value], able.ownership.value),
    ):
        change = looked_at(
            able,
            view(ProviderStatus.VERIFIED),
            NOW,
            answers={OWNERSHIP: said},
            is_scheduled=True,
            first_seconds=600.0,
            recheck_seconds=6.0,
        )
        assert change is not None
        assert change.fact is DomainVerified
        assert (change.claim.wanted[-1].value, change.claim.wanted[-1].status) == (expected, "valid")
        assert change.claim.ownership == able.ownership


def test_a_platform_domain_has_the_same_id_everywhere() -> None:
    assert platform_domain_id("myagentmail.com") == platform_domain_id("myagentmail.com")
    assert platform_domain_id("myagentmail.com") != platform_domain_id("myagent.mx")


def test_a_request_becomes_the_cause_of_what_follows_but_never_turns_back_time() -> None:
    before = replace(claim(), last_event_time=NOW + minutes(1), last_event_id=UUID(int=4))

    after = before.caused_by(UUID(int=5), UUID(int=6), NOW, None)

    assert (after.request_id, after.last_event_id) == (UUID(int=5), UUID(int=6))
    assert after.last_event_time == NOW + minutes(1)
