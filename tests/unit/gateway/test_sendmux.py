"""Sendmux's own forms: ids, ETags and their conditions, zone files, and what each answer becomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.gateway.dialects.sendmux import ids
from services.gateway.dialects.sendmux.answers import render_answer
from services.gateway.dialects.sendmux.errors import CODES, STATUS_OF_CODE, owners_refusal
from services.gateway.dialects.sendmux.render import etag, records_json, verification_json
from services.gateway.dialects.sendmux.schemas import normal_domain, normal_email
from services.gateway.dialects.sendmux.zone import zone_file
from services.gateway.mail_servers import MailServers
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets
from services.gateway.security.keys import KeyKind, make_key
from services.gateway.views import AccountView, DomainView
from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import AccountRequestAnswered, DomainRequestAnswered, Outcome
from shared.contracts.domains import DnsRecord, DomainStatus
from shared.contracts.requests import Dialect
from shared.contracts.standing import Status, WarmupLabel
from tests.support.gateway_events import account_state, domain_state

SUBJECT, REQUEST, CREDENTIAL = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def request(kind: RequestKind) -> OpenRequest:
    return OpenRequest(
        REQUEST, kind, Dialect.SENDMUX, UUID(int=4), UUID(int=5), SUBJECT, NOW, "req_1", credential_id=None
    )


def mailbox(**changes: Any) -> AccountView:
    state = account_state(SUBJECT, AccountStatus.PROVISIONED, dialect=Dialect.SENDMUX, **changes)
    return AccountView(state, 7, None, 0, None, Status.ACTIVE, WarmupLabel.DISABLED, NOW)


def answered(kind: RequestKind, view: Any, secrets: Secrets | None = None, **changes: Any) -> Any:
    shape = DomainRequestAnswered if kind.startswith("domain") else AccountRequestAnswered
    answer = shape(**{"request_id": REQUEST, "outcome": Outcome.DONE, "subject_id": SUBJECT, **changes})
    return render_answer(MailServers(), request(kind), answer, view, secrets)


def test_an_id_is_its_prefix_and_32_hex_digits_and_nothing_else_is_one() -> None:
    shown = ids.public_id(ids.MAILBOX, SUBJECT)

    assert shown == "mbx_" + "0" * 31 + "1"
    assert ids.own_id(ids.MAILBOX, shown) == SUBJECT
    for wrong in ("", "mbx_", shown.upper(), shown + "\n", shown.replace("mbx", "smx"), str(SUBJECT)):
        assert ids.own_id(ids.MAILBOX, wrong) is None


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Agent@Acme.com", "agent@acme.com"),
        ("agent@xn--bcher-kva.example", "agent@xn--bcher-kva.example"),
        ("agent@bücher.example", "agent@xn--bcher-kva.example"),
        ("agent@acme", None),
        ("a" * 65 + "@acme.com", None),
    ],
)
def test_an_address_has_one_form(text: str, normal: str | None) -> None:
    assert normal_email(text) == normal


def test_a_domain_is_a_host_name_with_a_dot() -> None:
    assert normal_domain("Mail.Acme.Example") == "mail.acme.example"
    for wrong in (
        "acme",
        "acme.example.",
        "-a.example",
        "a_b.example",
        "ä.example",
        "a" * 64 + ".example",
        "1.2.3.4",
    ):
        assert normal_domain(wrong) is None


def test_every_refusal_of_an_owner_has_a_code_of_the_closed_list() -> None:
    for code, status in STATUS_OF_CODE.items():
        refused = answered(
            RequestKind.ACCOUNT_CHANGE, mailbox(), outcome=Outcome.REFUSED, code=code, message="No."
        )

        error = json.loads(refused.body)["error"]
        assert refused.status == status
        assert error["code"] in CODES
        assert error["retryable"] is (status >= 500)
        assert ("ETag" in refused.headers) is (status == 409)


def test_an_unknown_refusal_is_trouble_of_ours() -> None:
    refused = answered(RequestKind.ACCOUNT_CREATE, None, outcome=Outcome.FAILED, code="new", message="?")

    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (500, "internal_error")


def test_secrets_are_in_the_answers_that_reveal_them_and_these_say_so() -> None:
    secrets = Secrets(CREDENTIAL, "pass", make_key(KeyKind.MAILBOX))

    created = answered(RequestKind.ACCOUNT_CREATE, mailbox(), secrets)
    issued = answered(RequestKind.CREDENTIAL_CREATE, mailbox(), secrets)
    bare = answered(RequestKind.ACCOUNT_CREATE, mailbox())
    gone = answered(RequestKind.CREDENTIAL_CREATE, mailbox())

    for response in (created, issued):
        assert response.status == 201
        assert response.is_secret
        assert b'"password":"pass"' in response.body
    assert issued.headers["Location"].endswith(f"/keys/{ids.public_id(ids.KEY, CREDENTIAL)}")
    assert not bare.is_secret
    assert json.loads(bare.body)["data"]["api_key"] is None
    assert json.loads(bare.body)["data"]["warning"]
    assert gone.status == 404


def test_what_is_gone_is_told_by_its_public_id() -> None:
    assert json.loads(answered(RequestKind.ACCOUNT_DELETE, None).body)["data"] == {
        "deleted": True,
        "id": ids.public_id(ids.MAILBOX, SUBJECT),
    }
    assert json.loads(answered(RequestKind.DOMAIN_DELETE, None).body)["data"]["id"].startswith("mdom_")
    assert answered(RequestKind.ACCOUNT_CHANGE, None).status == 404


def test_a_domain_that_the_team_had_already_is_a_conflict() -> None:
    view = DomainView(domain_state(SUBJECT, DomainStatus.PENDING), 1)

    assert answered(RequestKind.DOMAIN_CREATE, view).status == 201
    assert answered(RequestKind.DOMAIN_CREATE, view, outcome=Outcome.MATCHED).status == 409


def test_every_version_has_another_etag_of_16_digits() -> None:
    tags = {etag(SUBJECT, version) for version in range(50)}

    assert len(tags) == 50
    assert {len(tag) for tag in tags} == {len('W/""') + 16}


RECORDS = (
    DnsRecord(
        type="MX", name="a.example", value="mx.mail.example", priority=10, purpose="mx", status="valid"
    ),
    DnsRecord(type="TXT", name="a.example", value="v=spf1 -all", purpose="spf", status="invalid"),
    DnsRecord(
        type="TXT", name="k._domainkey.a.example", value='p="' + "x" * 300, purpose="dkim", status="valid"
    ),
    DnsRecord(type="CNAME", name="link.a.example", value="links.mail.example", purpose="other"),
)


def test_a_check_holds_only_if_all_its_records_do_and_there_are_some() -> None:
    found = verification_json(domain_state(SUBJECT, DomainStatus.PENDING, dns_records=RECORDS))

    assert found["checks"] == {"mx": True, "verification_txt": False, "spf": False, "dmarc": False}
    assert found["ses_dkim_status"] == "success"
    shown = records_json(RECORDS)
    assert shown["mx"][0]["target"] == "mx.mail.example"
    assert shown["verification"] is None
    assert [each["name"] for each in shown["other"]] == ["link.a.example"]


def test_a_zone_file_quotes_and_divides_what_is_long() -> None:
    lines = zone_file("a.example", RECORDS).splitlines()

    assert lines[:2] == ["$ORIGIN a.example.", "$TTL 300"]
    assert "a.example. IN MX 10 mx.mail.example." in lines
    assert "link.a.example. IN CNAME links.mail.example." in lines
    (signing,) = [line for line in lines if "_domainkey" in line]
    assert signing == f'k._domainkey.a.example. IN TXT "p=\\"{"x" * 252}" "{"x" * 48}"'


def test_a_domain_that_is_gone_is_missing_to_calls_about_it_and_unfit_to_those_about_mailboxes() -> None:
    about_it, about_a_mailbox = (
        owners_refusal("domain_not_found", "There is no such domain.", names_domain=names)
        for names in (True, False)
    )

    assert (about_it.status, about_it.code, about_it.fields) == (404, "not_found", ())
    assert (about_a_mailbox.status, about_a_mailbox.fields[0].name) == (422, "email")
