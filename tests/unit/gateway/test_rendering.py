"""How Puffle words accounts, domains and final answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.gateway.dialects.puffle.render import account_json, domain_json, history_json
from services.gateway.mail_servers import MailServers
from services.gateway.projection import AccountRow, account_view
from services.gateway.requests.model import OpenRequest, RequestKind, StoredResponse
from services.gateway.requests.render import rendering
from services.gateway.views import AccountView, DomainView, HistoryEntry, View
from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import AccountRequestAnswered, DomainRequestAnswered, Outcome
from shared.contracts.domains import DnsRecord, DomainStatus
from shared.contracts.requests import Dialect
from shared.contracts.warmups import WarmupStatus
from tests.support.gateway_events import START, account_state, domain_state, warmup_state

ACCOUNT, DOMAIN, REQUEST = UUID(int=1), UUID(int=2), UUID(int=3)


def account(warmup: WarmupStatus | None = WarmupStatus.WARMING, **changes: Any) -> AccountView:
    state = account_state(ACCOUNT, AccountStatus.PROVISIONED, **changes)
    row = AccountRow(ACCOUNT, state.tenant_id, state.workspace_id, state, 1)
    if warmup is not None:
        row = replace(row, warmup=warmup_state(ACCOUNT, warmup), warmup_version=1)
    view = account_view(row, domain_state())
    assert view is not None
    return view


def domain() -> DomainView:
    return DomainView(domain_state(DOMAIN, DomainStatus.PENDING), 1)


def request(kind: RequestKind) -> OpenRequest:
    return OpenRequest(REQUEST, kind, Dialect.PUFFLE, UUID(int=9), UUID(int=8), ACCOUNT, START, "call-7")


def answered(
    kind: RequestKind, view: View | None, outcome: Outcome = Outcome.DONE, **changes: Any
) -> tuple[StoredResponse, dict[str, Any]]:
    is_domain = kind.startswith("domain")
    made = DomainRequestAnswered if is_domain else AccountRequestAnswered
    subject = DOMAIN if is_domain else ACCOUNT
    response = rendering(MailServers())(
        request(kind), made(request_id=REQUEST, outcome=outcome, subject_id=subject, **changes), view, None
    )
    return response, json.loads(response.body)


@pytest.mark.contract("S0-41", "S0-42", "S0-43", "S0-44", "S0-45", "S0-46", "S0-47", "S1-20", "S1-21")
def test_an_account_has_every_documented_field() -> None:
    shown = account_json(
        account(
            inbox_id="inb_1", sender_id="snd_1", account_tag_id="t1", warmup_tag_id="t2",
            created_at=datetime(2026, 4, 20, 15, tzinfo=UTC),
        )
    )  # fmt: skip

    assert shown == {
        "id": str(ACCOUNT),
        "user_id": str(UUID(int=0xC)),
        "type": "email",
        "domain_id": str(UUID(int=0xD)),
        "email_address": "a1@example.com",
        "agentmail_inbox_id": "inb_1",
        "instantly_account_id": "snd_1",
        "status": "warming",
        "warmup_status": "warming",
        "display_name": None,
        "first_name": None,
        "last_name": None,
        "signature": None,
        "instantly_tag_id": "t1",
        "instantly_warmup_tag_id": "t2",
        "daily_limit": 30,
        "created_at": "2026-04-20T15:00:00Z",
        "updated_at": "2026-03-01T00:00:00Z",
        "failure": None,
        "email_domains": {"id": str(UUID(int=0xD)), "domain": "example.com", "status": "verified"},
    }


def test_an_account_never_shows_where_its_secrets_are() -> None:
    assert str(UUID(int=0x5EC)) not in json.dumps(account_json(account()))


def test_a_domain_shows_its_records_and_leaves_out_what_they_do_not_have() -> None:
    records = (
        DnsRecord(type="TXT", name="_x.example.com", value="v"),
        DnsRecord(
            type="MX",
            name="example.com",
            value="mx",
            priority=10,
            status="valid",
            purpose="mx",
            seen=("10 mx.",),
        ),
    )

    shown = domain_json(DomainView(domain_state(DOMAIN, DomainStatus.VERIFIED, dns_records=records), 1))

    assert shown["dns_records"] == [
        {
            "type": "TXT",
            "name": "_x.example.com",
            "value": "v",
            "status": "missing",
            "purpose": "other",
            "seen": (),
        },
        {
            "type": "MX",
            "name": "example.com",
            "value": "mx",
            "priority": 10,
            "status": "valid",
            "purpose": "mx",
            "seen": ("10 mx.",),
        },
    ]
    assert shown["status"] == "verified"


def test_a_history_entry_says_what_happened_when_and_why() -> None:
    entry = HistoryEntry(
        REQUEST, START, "mailwright.account.reserved.v1", "provisioner", 1, "It is.", ACCOUNT, DOMAIN, {}
    )

    shown = history_json(entry)

    assert (shown["event"], shown["time"], shown["sentence"]) == (
        "account.reserved",
        "2026-03-01T00:00:00Z",
        "It is.",
    )
    assert (shown["cause"], shown["request"], shown["version"]) == (str(ACCOUNT), str(DOMAIN), 1)


@pytest.mark.contract("S0-40", "S0-48", "S0-53", "A7")
def test_a_created_account_is_answered_201_with_its_place() -> None:
    response, body = answered(RequestKind.ACCOUNT_CREATE, account())

    assert response.status == 201
    assert response.headers["Location"] == f"/api/email/accounts/{ACCOUNT}"
    assert body["account"]["status"] == body["account"]["warmup_status"] == "warming"


@pytest.mark.contract("S0-49", "S0-50", "S0-52")
def test_a_warmup_that_failed_is_no_error() -> None:
    response, body = answered(RequestKind.ACCOUNT_CREATE, account(WarmupStatus.NOT_STARTED))

    assert response.status == 201
    assert (body["account"]["status"], body["account"]["warmup_status"]) == ("pending", "not_started")


@pytest.mark.contract("S1-18", "S1-19")
def test_a_successful_retry_is_answered_200_with_the_account() -> None:
    response, body = answered(RequestKind.WARMUP_RETRY, account())

    assert response.status == 200
    assert "Location" not in response.headers
    assert body["account"]["status"] == "warming"


@pytest.mark.parametrize(
    "kind",
    [
        RequestKind.ACCOUNT_CHANGE,
        RequestKind.WARMUP_PAUSE,
        RequestKind.WARMUP_RESUME,
        RequestKind.WARMUP_DISABLE,
    ],
)
def test_whatever_changes_an_account_is_answered_200_with_it(kind: RequestKind) -> None:
    response, body = answered(kind, account(WarmupStatus.PAUSED))

    assert response.status == 200
    assert (body["account"]["status"], body["account"]["warmup_status"]) == ("paused", "paused")


@pytest.mark.parametrize(
    ("kind", "view"),
    [
        (RequestKind.ACCOUNT_DELETE, None),
        (RequestKind.DOMAIN_DELETE, None),
        (RequestKind.ACCOUNT_DELETE, account()),
    ],
)
def test_a_removal_is_a_success_whatever_is_left_to_be_seen(
    kind: RequestKind, view: AccountView | None
) -> None:
    response, body = answered(kind, view)

    assert (response.status, body) == (200, {"success": True})
    assert "Location" not in response.headers


def test_domain_calls_are_answered_with_the_domain() -> None:
    assert answered(RequestKind.DOMAIN_CREATE, domain())[0].status == 201
    assert answered(RequestKind.DOMAIN_CREATE, domain(), Outcome.MATCHED)[0].status == 200
    for kind in (RequestKind.DOMAIN_VERIFY, RequestKind.DOMAIN_CHANGE):
        response, body = answered(kind, domain())
        assert response.status == 200
        assert body["domain"]["id"] == str(DOMAIN)


@pytest.mark.contract("S0-18", "S0-19", "S0-38", "S1-9", "S1-24", "S1-26")
@pytest.mark.parametrize(
    ("kind", "outcome", "code", "status", "shown"),
    [
        (RequestKind.ACCOUNT_CREATE, Outcome.REFUSED, "domain_not_found", 404, "not_found"),
        (RequestKind.ACCOUNT_CREATE, Outcome.REFUSED, "domain_not_verified", 400, "domain_not_verified"),
        (RequestKind.ACCOUNT_CREATE, Outcome.REFUSED, "address_taken", 409, "address_taken"),
        (RequestKind.ACCOUNT_CREATE, Outcome.REFUSED, "address_burned", 409, "address_burned"),
        (RequestKind.ACCOUNT_CREATE, Outcome.FAILED, "provider_refused", 502, "provider_refused"),
        (RequestKind.DOMAIN_CREATE, Outcome.REFUSED, "domain_taken", 409, "domain_taken"),
        (RequestKind.ACCOUNT_CREATE, Outcome.REFUSED, "account_deleted", 409, "account_deleted"),
        (RequestKind.ACCOUNT_CHANGE, Outcome.REFUSED, "account_not_found", 404, "not_found"),
        (RequestKind.ACCOUNT_CHANGE, Outcome.REFUSED, "account_not_active", 409, "wrong_state"),
        (RequestKind.ACCOUNT_CHANGE, Outcome.REFUSED, "version_conflict", 409, "version_conflict"),
        (RequestKind.ACCOUNT_DELETE, Outcome.REFUSED, "account_not_found", 404, "not_found"),
        (RequestKind.DOMAIN_DELETE, Outcome.REFUSED, "domain_in_use", 409, "domain_in_use"),
        (RequestKind.WARMUP_RETRY, Outcome.REFUSED, "wrong_state", 409, "wrong_state"),
        (RequestKind.WARMUP_RETRY, Outcome.FAILED, "provider_refused", 502, "provider_refused"),
        (RequestKind.WARMUP_RETRY, Outcome.FAILED, "provider_unavailable", 502, "provider_unavailable"),
        (RequestKind.WARMUP_RETRY, Outcome.FAILED, "enabled_not_recorded", 500, "enabled_not_recorded"),
        (RequestKind.WARMUP_RETRY, Outcome.FAILED, "never_heard_of", 500, "never_heard_of"),
        (RequestKind.WARMUP_RETRY, Outcome.FAILED, None, 500, "internal_error"),
    ],
)
def test_every_refusal_has_its_status_and_code(
    kind: RequestKind, outcome: Outcome, code: str | None, status: int, shown: str
) -> None:
    response, body = answered(kind, None, outcome, code=code, message="No.")

    assert response.status == status
    assert response.code == body["code"] == shown
    assert body["request_id"] == "call-7"
    assert set(body) == {"error", "code", "request_id"}


@pytest.mark.contract("S1-26")
def test_the_one_message_that_clients_compare_is_exact() -> None:
    _, body = answered(
        RequestKind.WARMUP_RETRY,
        account(),
        Outcome.FAILED,
        code="enabled_not_recorded",
        message="Other words.",
    )

    assert body["error"] == "Warmup was enabled but failed to update account status"


def test_a_burned_address_says_why_and_since_when_and_nothing_else() -> None:
    details = {"reason": "deleted", "burned_at": "2026-03-01T00:00:00Z", "inner": "no"}

    _, body = answered(
        RequestKind.ACCOUNT_CREATE,
        None,
        Outcome.REFUSED,
        code="address_burned",
        message="No.",
        details=details,
    )

    assert (body["reason"], body["burned_at"]) == ("deleted", "2026-03-01T00:00:00Z")
    assert "inner" not in body


@pytest.mark.contract("S1-9", "S1-10")
def test_a_wrong_state_says_which_one_it_is() -> None:
    _, body = answered(
        RequestKind.WARMUP_RETRY,
        account(WarmupStatus.GRADUATED),
        Outcome.REFUSED,
        code="wrong_state",
        message="No.",
        details={"status": "provisioned", "warmup_status": "graduated"},
    )

    assert (body["status"], body["warmup_status"]) == ("active", "active")


def test_what_is_gone_by_the_time_of_its_answer_is_not_found() -> None:
    response, body = answered(RequestKind.ACCOUNT_CREATE, None)

    assert (response.status, body["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("status", "is_replayed"), [(201, True), (409, True), (499, True), (500, False), (502, False)]
)
def test_trouble_of_ours_is_never_repeated(status: int, is_replayed: bool) -> None:
    assert StoredResponse(status, {}, b"").is_replayable is is_replayed
