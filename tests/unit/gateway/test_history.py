"""Histories: a sentence for every event there is, nothing inside that its owner must not see, and cursors nobody forges."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from services.gateway.history import SUMMARIES, public_data, summary
from services.gateway.paging import BadCursor, cursor_of, place_of
from shared.contracts.accounts import (
    AccountProvisioningFailed,
    AccountRequested,
    AccountUndone,
    Failure,
    InboxCreated,
)
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.domains import DomainRequested, DomainVerified
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.requests import Caller, Dialect
from shared.contracts.warmups import WarmupDayRecorded, WarmupStarted, WarmupStartFailed
from tests.support.gateway_events import (
    PUFFLE,
    START,
    TENANT,
    WORKSPACE,
    account_state,
    domain_state,
    warmup_state,
)

ACCOUNT = UUID(int=1)
CALLER = Caller(
    tenant_id=TENANT, workspace_id=WORKSPACE, user_id=ACCOUNT, key_id="k1", dialect=Dialect.PUFFLE
)


def data_of(event: Any) -> dict[str, Any]:
    data: dict[str, Any] = event.model_dump(mode="json")
    return data


def test_every_event_type_has_a_sentence() -> None:
    assert SUMMARIES.keys() == EVENT_TYPES.keys()


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (InboxCreated(account=account_state(ACCOUNT)), "The inbox was created."),
        (WarmupStarted(warmup=warmup_state(ACCOUNT)), "The warmup provider accepted the address."),
        (
            WarmupStarted(warmup=warmup_state(ACCOUNT, is_confirmed=True)),
            "The warmup provider shows the address as warming.",
        ),
        (
            WarmupStartFailed(warmup=warmup_state(ACCOUNT, failure=Failure(code="x", message="It said no."))),
            "The warmup could not be started: It said no.",
        ),
        (WarmupStartFailed(warmup=warmup_state(ACCOUNT)), "The warmup could not be started."),
        (
            WarmupDayRecorded(warmup=warmup_state(ACCOUNT, day=3, total_sent=40)),
            "Warmup day 3 was recorded; 40 messages sent so far.",
        ),
        (
            AccountProvisioningFailed(
                account=account_state(ACCOUNT, failure=Failure(code="x", message="It said no."))
            ),
            "Provisioning failed: It said no.",
        ),
        (
            AccountUndone(account=account_state(ACCOUNT), is_address_burned=True),
            "Everything made for the account is gone again; its address stays blocked.",
        ),
        (
            AccountUndone(account=account_state(ACCOUNT), is_address_burned=False),
            "Everything made for the account is gone again; its address is free.",
        ),
        (
            AccountRequestAnswered(request_id=ACCOUNT, outcome=Outcome.DONE, subject_id=ACCOUNT),
            "The request was done.",
        ),
        (
            AccountRequestAnswered(request_id=ACCOUNT, outcome=Outcome.MATCHED, subject_id=ACCOUNT),
            "What the request asked for existed already.",
        ),
        (
            AccountRequestAnswered(
                request_id=ACCOUNT, outcome=Outcome.REFUSED, subject_id=ACCOUNT, code="c", message="No."
            ),
            "The request was refused: No.",
        ),
        (
            AccountRequestAnswered(request_id=ACCOUNT, outcome=Outcome.FAILED, subject_id=ACCOUNT, code="c"),
            "The request failed: c",
        ),
    ],
)
def test_events_are_told_in_plain_sentences(event: Any, sentence: str) -> None:
    assert summary(event.TYPE, data_of(event)) == sentence


def test_an_event_of_a_newer_release_is_told_by_its_name() -> None:
    assert summary("mailwright.account.renamed.v1", {}) == "mailwright.account.renamed.v1 was recorded."


def test_what_is_internal_stays_inside() -> None:
    asked = AccountRequested(
        caller=CALLER,
        plan=PUFFLE,
        workspace_id=WORKSPACE,
        username="scout",
        domain_id=ACCOUNT,
        first_name="S",
    )
    assert public_data(data_of(asked)) == {
        "username": "scout",
        "domain_id": str(ACCOUNT),
        "first_name": "S",
    }

    shown = public_data(data_of(InboxCreated(account=account_state(ACCOUNT, inbox_id="inb_1"))))
    assert shown["account"]["inbox_id"] == "inb_1"
    assert not re.search(r"credential|tenant|plan", str(shown))


def test_domains_show_their_records() -> None:
    claimed = DomainRequested(caller=CALLER, workspace_id=WORKSPACE, domain="example.com")
    assert public_data(data_of(claimed)) == {"domain": "example.com"}

    shown = public_data(data_of(DomainVerified(domain=domain_state())))
    assert shown["domain"]["dns_records"] == []


def test_a_cursor_leads_back_to_its_place() -> None:
    assert place_of(cursor_of(START, ACCOUNT)) == (START, ACCOUNT)


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!!", "MjAyNg", "ä", cursor_of(START.replace(tzinfo=None), ACCOUNT)]
)
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        place_of(cursor)
