"""How MyAgentMail words inboxes, domains and final answers, and what it takes for a name, an address and an id."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.gateway.dialects.myagentmail.render import domain_json, inbox_json, read_inbox_json
from services.gateway.dialects.myagentmail.schemas import (
    AddAddress,
    ChangeInbox,
    CreateInbox,
    CreateWorkspace,
    is_address,
    parse_uuid,
)
from services.gateway.mail_servers import MailServers
from services.gateway.projection import AccountRow, account_view
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.requests.render import rendering, revealed_by
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.views import AccountView, DomainView, View
from shared.contracts.accounts import AccountStatus, Failure, Plan, Step
from shared.contracts.answers import AccountRequestAnswered, DomainRequestAnswered, Outcome
from shared.contracts.domains import DnsRecord, DomainStatus
from shared.contracts.requests import Dialect
from tests.support.gateway_events import START, account_state, domain_state

contract = pytest.mark.contract

INBOX, DOMAIN, REQUEST = UUID(int=1), UUID(int=2), UUID(int=3)
SERVERS = MailServers("imap.acme.example", 143, "smtp.acme.example", 587)
PLAN = Plan(steps=(Step.INBOX, Step.CREDENTIALS))
SECRETS = Secrets(UUID(int=0x5EC), "am_secret", make_key(KeyKind.INBOX))


def inbox(status: AccountStatus = AccountStatus.PROVISIONED, **changes: Any) -> AccountView:
    state = account_state(
        INBOX,
        status,
        dialect=Dialect.MYAGENTMAIL,
        plan=PLAN,
        address="scout@example.com",
        username="scout",
        **changes,
    )
    view = account_view(AccountRow(INBOX, state.tenant_id, state.workspace_id, state, 1), None)
    assert view is not None
    return view


def domain(status: DomainStatus = DomainStatus.PENDING, **changes: Any) -> DomainView:
    return DomainView(domain_state(DOMAIN, status, **changes), 1)


def request(kind: RequestKind) -> OpenRequest:
    return OpenRequest(REQUEST, kind, Dialect.MYAGENTMAIL, UUID(int=9), UUID(int=8), INBOX, START, "call-7")


def answered(
    kind: RequestKind,
    view: View | None,
    outcome: Outcome = Outcome.DONE,
    secrets: Secrets | None = None,
    **changes: Any,
) -> tuple[StoredResponse, dict[str, Any]]:
    is_domain = kind.value.startswith("domain")
    made = DomainRequestAnswered if is_domain else AccountRequestAnswered
    answer = made(request_id=REQUEST, outcome=outcome, subject_id=DOMAIN if is_domain else INBOX, **changes)
    response = rendering(SERVERS)(request(kind), answer, view, secrets)
    return response, json.loads(response.body)


@contract("S2-31", "S2-37", "S2-40")
def test_an_inbox_has_every_documented_field_and_no_password_unless_given() -> None:
    shown = inbox_json(inbox(display_name="Scout").account, SERVERS)

    assert shown == {
        "id": str(INBOX),
        "email": "scout@example.com",
        "canonicalEmail": "scout@example.com",
        "username": "scout",
        "domain": "example.com",
        "displayName": "Scout",
        "workspaceId": str(UUID(int=0xB)),
        "addresses": [{"address": "scout@example.com", "isPrimary": True}],
        "imap": {"host": "imap.acme.example", "port": 143, "tls": True, "username": "scout@example.com"},
        "smtp": {"host": "smtp.acme.example", "port": 587, "starttls": True, "username": "scout@example.com"},
        "createdAt": "2026-03-01T00:00:00Z",
    }


@contract("S2-33", "S2-34", "S2-35")
def test_an_alias_may_be_primary_and_the_canonical_address_stays_first() -> None:
    view = inbox(aliases=("hello@acme.example",), primary_alias="hello@acme.example")

    shown = inbox_json(view.account, SERVERS, "am_secret")

    assert (shown["email"], shown["canonicalEmail"]) == ("hello@acme.example", "scout@example.com")
    assert shown["addresses"] == [
        {"address": "scout@example.com", "isPrimary": False},
        {"address": "hello@acme.example", "isPrimary": True},
    ]
    assert shown["imap"]["username"] == shown["smtp"]["username"] == "scout@example.com"
    assert shown["imap"]["password"] == shown["smtp"]["password"] == "am_secret"


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (AccountStatus.RESERVED, "provisioning"),
        (AccountStatus.PROVISIONED, "active"),
        (AccountStatus.FAILED, "failed"),
        (AccountStatus.DELETING, "deleting"),
    ],
)
def test_reads_say_how_the_inbox_stands(status: AccountStatus, shown: str) -> None:
    failure = Failure(code="provider_refused", message="No.") if status is AccountStatus.FAILED else None

    read = read_inbox_json(inbox(status, metadata={"team": "sales"}, failure=failure), SERVERS)

    assert (read["status"], read["metadata"]) == (shown, {"team": "sales"})
    assert read["failure"] == ({"error": "No.", "code": "PROVIDER_REFUSED"} if failure else None)


@contract("S2-27", "S2-38", "A34")
def test_a_creation_is_a_201_with_secrets_that_are_sealed_at_rest() -> None:
    response, body = answered(RequestKind.ACCOUNT_CREATE, inbox(), secrets=SECRETS)

    assert (response.status, response.is_secret) == (201, True)
    assert response.headers["Location"] == f"/v1/inboxes/{INBOX}"
    assert (body["apiKey"], body["imapPassword"]) == (SECRETS.key.reveal(), "am_secret")
    assert body["imap"]["password"] == body["smtp"]["password"] == "am_secret"
    assert revealed_by(request(RequestKind.ACCOUNT_CREATE)) is KeyKind.INBOX


@contract("S2-15", "S2-16", "S2-28", "A34")
def test_an_inbox_that_existed_is_a_200_without_them() -> None:
    response, body = answered(RequestKind.ACCOUNT_CREATE, inbox(), Outcome.MATCHED)

    assert (response.status, response.is_secret, body["existed"]) == (200, False, True)
    assert "Location" not in response.headers
    assert not {"apiKey", "imapPassword"} & set(body)
    assert "password" not in body["imap"]


@pytest.mark.parametrize(
    ("kind", "details", "status", "body"),
    [
        (RequestKind.ACCOUNT_CHANGE, {}, 200, {"updated": True, "id": str(INBOX)}),
        (RequestKind.ACCOUNT_DELETE, {}, 200, {"deleted": True, "id": str(INBOX)}),
        (
            RequestKind.ADDRESS_ADD,
            {"address": "a@b.example"},
            201,
            {"ok": True, "address": "a@b.example", "isPrimary": False},
        ),
        (
            RequestKind.ADDRESS_REMOVE,
            {"address": "a@b.example"},
            200,
            {"deleted": True, "address": "a@b.example"},
        ),
    ],
)
def test_other_requests_are_answered_in_a_few_words(
    kind: RequestKind, details: dict[str, Any], status: int, body: dict[str, Any]
) -> None:
    view = None if kind is RequestKind.ACCOUNT_DELETE else inbox(aliases=("a@b.example",))

    response, shown = answered(kind, view, details=details)

    assert (response.status, shown) == (status, body)


@contract("S2-24", "S2-25", "S2-39", "A37")
def test_a_taken_name_tells_the_address_and_nothing_else() -> None:
    details = {"address": "scout@myagentmail.com"}

    response, body = answered(
        RequestKind.ACCOUNT_CREATE,
        None,
        Outcome.REFUSED,
        code="username_taken",
        message="Tenant Acme has it.",
        details=details,
    )

    assert response.status == 409
    assert body == {"error": "The address scout@myagentmail.com is taken.", "code": "USERNAME_TAKEN"}


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("domain_not_verified", 400, "DOMAIN_NOT_VERIFIED"),
        ("domain_not_found", 404, "DOMAIN_NOT_FOUND"),
        ("account_not_active", 409, "INBOX_NOT_READY"),
        ("account_deleted", 409, "INBOX_DELETED"),
        ("provider_unavailable", 502, "PROVIDER_UNAVAILABLE"),
        ("a_code_of_tomorrow", 500, "A_CODE_OF_TOMORROW"),
    ],
)
def test_codes_are_worded_for_inboxes(code: str, status: int, shown: str) -> None:
    response, body = answered(RequestKind.ACCOUNT_CREATE, None, Outcome.REFUSED, code=code, message="No.")

    assert (response.status, body["code"]) == (status, shown)
    assert "account" not in body["error"]


def test_a_domain_shows_each_record_with_what_dns_said() -> None:
    records = (
        DnsRecord(
            type="MX",
            name="example.com",
            value="mx.example",
            priority=10,
            status="valid",
            seen=("mx.example",),
        ),
        DnsRecord(type="TXT", name="_x.example.com", value="v", status="invalid", seen=("w",)),
    )

    shown = domain_json(domain(DomainStatus.VERIFYING, dns_records=records))

    assert shown["status"] == "pending"
    assert [(each["status"], each["check"], each["seen"]) for each in shown["dnsRecords"]] == [
        ("verified", "valid", ["mx.example"]),
        ("pending", "invalid", ["w"]),
    ]
    assert [each["priority"] for each in shown["dnsRecords"]] == [10, None]


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.DONE, 201), (Outcome.MATCHED, 200)])
def test_a_claim_that_existed_is_a_200(outcome: Outcome, status: int) -> None:
    response, body = answered(RequestKind.DOMAIN_CREATE, domain(), outcome)

    assert (response.status, body["id"]) == (status, str(DOMAIN))


@contract("S2-7", "A41", "A58")
@pytest.mark.parametrize("username", ["Scout", "sçout", "", "a b", "a" * 65, "scout\n", "ｓ"])
def test_usernames_outside_the_rules_are_refused(username: str) -> None:
    with pytest.raises(ValidationError):
        CreateInbox.model_validate({"username": username})


@contract("S2-6")
def test_an_empty_body_and_unknown_fields_are_fine() -> None:
    assert CreateInbox.model_validate({}) == CreateInbox.model_validate({"color": 7, "username": None})


@pytest.mark.parametrize(
    "metadata",
    [
        {"x": json.loads("[" * 500 + "]" * 500)},
        {"x": 2**60},
        {"x": 1e999},
        {"x": "\u0000"},
        {"\u0000": 1},
        {"x": "y" * 5_000},
        [],
        "x",
    ],
)
def test_metadata_that_cannot_be_kept_exactly_is_refused(metadata: Any) -> None:
    with pytest.raises(ValidationError):
        ChangeInbox.model_validate({"metadata": metadata})


@pytest.mark.parametrize("metadata", [{}, {"x": [1, 1.5, None, {"y": "é\\u0000"}]}])
def test_metadata_is_any_object(metadata: dict[str, Any]) -> None:
    assert ChangeInbox.model_validate({"metadata": metadata}).metadata == metadata


@pytest.mark.parametrize("email", ["a@b.example", "a.b-c_9@mail.b.example"])
def test_addresses_are_lowercase(email: str) -> None:
    assert AddAddress.model_validate({"email": email}).primary is True
    assert not is_address(email.upper())
    assert not is_address(email.replace("@", "@@"))


@pytest.mark.parametrize(
    ("slug", "is_fine"), [("a", True), ("a-b", True), ("-a", False), ("A", False), ("", False)]
)
def test_slugs_have_their_form(slug: str, is_fine: bool) -> None:
    try:
        CreateWorkspace.model_validate({"name": "x", "slug": slug})
    except ValidationError:
        assert not is_fine
    else:
        assert is_fine


def test_ids_are_dashed_uuids_of_either_case() -> None:
    text = "0199AAAA-0000-7000-8000-000000000001"

    assert parse_uuid(text) == parse_uuid(text.lower()) == UUID(text)
    assert parse_uuid(text.replace("-", "")) is None
    assert parse_uuid(text + "\n") is None
