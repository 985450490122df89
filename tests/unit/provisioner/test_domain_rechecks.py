"""A domain that was verified is looked at again: two bad looks in a row take it back, a good one restores it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.provisioner.domain.dns_judging import Answers, Question
from services.provisioner.domain.domain_changes import LOST, Change, looked_at, overridden, verifying
from services.provisioner.domain.domain_rechecks import Look, Remembered, looked_again, sight_of
from services.provisioner.domain.domains import Claim, ProviderStatus, is_recheck_due, seconds_until_due
from shared.contracts.domains import DnsRecord, DomainFailed, DomainStatus, DomainVerified
from tests.unit.provisioner.test_domain_decisions import MX, NOW, OWNERSHIP, SEEN, claim, view

HOURS = timedelta(hours=1)
EVERY = 6 * 3_600.0
SPF = DnsRecord(type="TXT", name="mail.d.example", value="v=spf1 include:provider.example ~all")
AT_MX, AT_SPF = Question("MX", "d.example"), Question("TXT", "mail.d.example")
ALL: Answers = {**SEEN, AT_MX: ["10 inbound.example"], AT_SPF: [SPF.value]}
VERIFIED = view(ProviderStatus.VERIFIED, MX, SPF)


def healthy(answers: Answers = ALL) -> Claim:
    """Return a claim that a check with these answers has verified."""
    checking = verifying(claim(), NOW, 600.0).claim
    change = looked_at(
        checking,
        VERIFIED,
        NOW,
        answers=answers,
        is_scheduled=True,
        first_seconds=600.0,
        recheck_seconds=EVERY,
    )
    assert change is not None
    assert change.fact is DomainVerified
    return change.claim


def look(
    before: Claim, answers: Answers, status: ProviderStatus = ProviderStatus.VERIFIED
) -> Change | Remembered:
    """Look at a claim when its next look is due."""
    assert before.recheck_at is not None
    assert is_recheck_due(before, before.recheck_at)
    sight = sight_of(before, view(status, MX, SPF), answers)
    return looked_again(before, sight, before.recheck_at, EVERY)


def fallen() -> Claim:
    """Return a claim that two bad looks have taken back."""
    once = look(healthy(), {**ALL, AT_MX: []})
    assert isinstance(once, Remembered)
    twice = look(once.claim, {**ALL, AT_MX: []})
    assert isinstance(twice, Change)
    return twice.claim


def test_a_verified_domain_is_looked_at_every_six_hours() -> None:
    verified = healthy()

    assert verified.recheck_at == NOW + 6 * HOURS
    assert not is_recheck_due(verified, NOW + 5 * HOURS)
    assert seconds_until_due([verified], NOW) == EVERY
    after = look(verified, ALL)
    assert isinstance(after, Remembered)
    assert (after.claim.recheck_at, after.claim.state) == (NOW + 12 * HOURS, verified.state)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({**ALL, AT_MX: []}, ProviderStatus.VERIFIED),
        ({**ALL, AT_SPF: ["v=spf1 -all"]}, ProviderStatus.VERIFIED),
        ({**ALL, OWNERSHIP: []}, ProviderStatus.VERIFIED),
        (ALL, ProviderStatus.UNVERIFIED),
    ],
)
def test_one_bad_look_is_remembered_and_the_second_in_a_row_takes_the_domain_back(
    answers: Answers, status: ProviderStatus
) -> None:
    once = look(healthy(), answers, status)
    assert isinstance(once, Remembered)
    assert (once.claim.status, once.claim.bad_looks) == (DomainStatus.VERIFIED, 1)

    twice = look(once.claim, answers, status)

    assert isinstance(twice, Change)
    assert (twice.fact, twice.claim.status) == (DomainFailed, DomainStatus.FAILED)
    assert twice.claim.state.failure is not None
    assert twice.claim.state.failure.code == LOST
    assert twice.claim.state.verified_at == NOW, "it was verified once"


def test_what_is_missing_is_said_and_shown() -> None:
    state = fallen().state

    assert state.failure is not None
    assert "MX d.example is missing" in state.failure.message
    shown = {(record.type, record.name): (record.status, record.seen) for record in state.dns_records}
    assert shown["MX", "d.example"] == ("missing", ())
    assert shown["TXT", "mail.d.example"] == ("valid", (SPF.value,))


def test_a_good_look_between_two_bad_ones_forgives() -> None:
    current = healthy()
    for answers in ({**ALL, AT_MX: []}, ALL, {**ALL, AT_MX: []}):
        after = look(current, answers)
        assert isinstance(after, Remembered)
        current = after.claim

    assert (current.status, current.bad_looks) == (DomainStatus.VERIFIED, 1)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({**ALL, AT_MX: None}, ProviderStatus.VERIFIED),
        ({**ALL, OWNERSHIP: None, AT_SPF: []}, ProviderStatus.VERIFIED),
        ({}, ProviderStatus.UNVERIFIED),
        (ALL, ProviderStatus.VERIFYING),
    ],
)
def test_silence_is_no_look_at_all(answers: Answers, status: ProviderStatus) -> None:
    once = look(healthy(), {**ALL, AT_MX: []})
    assert isinstance(once, Remembered)

    silent = look(once.claim, answers, status)

    assert isinstance(silent, Remembered)
    assert (silent.claim.status, silent.claim.bad_looks) == (DomainStatus.VERIFIED, 1)
    assert silent.claim.recheck_at == NOW + 12 * HOURS + timedelta(seconds=30)


def test_a_record_that_was_never_right_takes_nobody_back() -> None:
    verified = healthy({**ALL, AT_MX: ["5 mail.other.example"]})

    after = look(verified, {**ALL, AT_MX: []})

    assert isinstance(after, Remembered)
    assert after.claim.bad_looks == 0


def test_a_domain_that_fell_back_is_looked_at_on_and_on_and_restored_by_itself() -> None:
    gone = fallen()
    for _ in range(3):
        still = look(gone, {**ALL, AT_MX: []})
        assert isinstance(still, Remembered)
        gone = still.claim

    back = look(gone, ALL)

    assert isinstance(back, Change)
    assert (back.fact, back.claim.status) == (DomainVerified, DomainStatus.VERIFIED)
    assert (back.claim.bad_looks, back.claim.lost, back.claim.state.failure) == (0, (), None)


def test_a_client_that_asks_too_early_does_not_get_by_on_what_the_provider_once_saw() -> None:
    asked = verifying(fallen(), NOW, 600.0).claim

    change = looked_at(
        asked,
        VERIFIED,
        NOW,
        answers={**ALL, AT_MX: []},
        is_scheduled=True,
        first_seconds=600.0,
        recheck_seconds=EVERY,
    )

    assert change is not None
    assert change.claim.status is DomainStatus.VERIFYING


def test_sight_tells_the_three_kinds_of_looks_apart() -> None:
    looks = [
        sight_of(healthy(), VERIFIED, answers).look
        for answers in (ALL, {**ALL, AT_SPF: []}, {**ALL, AT_SPF: None})
    ]

    assert looks == [Look.GOOD, Look.BAD, Look.NONE]


def test_platform_domains_and_overridden_claims_are_left_alone() -> None:
    late = NOW + 100 * HOURS
    platform = replace(healthy(), is_platform=True)
    said = overridden(healthy(), DomainStatus.FAILED, NOW, 600.0).claim

    assert not is_recheck_due(platform, late)
    assert not is_recheck_due(said, late)
    assert seconds_until_due([platform, said], NOW) is None
