"""What is refused at the door: 400 for the form, 422 for the sense, each field by its name, and nothing is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.sendmux.driver import (
    DOMAINS,
    MAILBOXES,
    Json,
    Sendmux,
    effects,
    error_of,
    fresh,
    refused,
)
from tests.support.simulator import Simulated

contract = pytest.mark.contract

NAME = "a" * 64
LONG = f"{NAME}@{'d' * 63}.{'d' * 63}.{'d' * 53}.example"


@contract("S4-4")
@pytest.mark.parametrize(
    "email",
    [
        "", "a@b.", "@acme.com", "a@b", "agent", "agent@", "a b@acme.com", "a..b@acme.com", ".a@acme.com", "a@acme..com",
        "a@-acme.com", "a@acme.com ", "a@[127.0.0.1]", "Ada <a@acme.com>", '"a"@acme.com', "ädä@acme.com",
        "a@acme.com\n", f"b{LONG}", 5, None, ["a@acme.com"], {"a": 1}, True,
    ],
)  # fmt: skip
async def test_an_email_that_is_none_is_refused(sendmux: Sendmux, email: Any) -> None:
    answer = await sendmux.create(email)

    assert refused(answer) == (400, "invalid_parameter")
    assert error_of(answer)["param"] == "email"


@contract("S4-4")
async def test_the_email_is_required(sendmux: Sendmux) -> None:
    answer = await sendmux.http.post(MAILBOXES, json={"display_name": "Ada"})

    assert refused(answer) == (400, "missing_parameter")
    assert error_of(answer)["errors"] == [
        {"field": "email", "code": "missing_parameter", "message": 'The field "email" is required.'}
    ]


@contract("S4-4")
async def test_254_characters_are_an_email_and_255_are_none(sendmux: Sendmux) -> None:
    assert len(LONG) == 254

    assert refused(await sendmux.create(LONG)) == (422, "validation_error"), "only its domain is unknown"
    assert refused(await sendmux.create(f"{LONG}m")) == (400, "invalid_parameter")


async def test_an_address_that_no_mailbox_has_is_well_formed_and_refused(
    sendmux: Sendmux, domain: Json
) -> None:
    answer = await sendmux.create(f"a+b@{domain['domain']}")

    assert refused(answer) == (422, "validation_error")
    assert error_of(answer)["param"] == "email"


@contract("S4-5", "A56")
async def test_a_display_name_has_1_to_255_characters(sendmux: Sendmux, domain: Json) -> None:
    longest = "ä" * 255
    assert (await sendmux.mailbox(domain, display_name=longest))["display_name"] == longest

    for name in ("", "   ", "n" * 256, "two\nlines", 5, None):
        answer = await sendmux.create(f"{fresh('named')}@{domain['domain']}", display_name=name)
        assert refused(answer) == (400, "invalid_parameter")
        assert error_of(answer)["param"] == "display_name"


@contract("S4-6")
async def test_a_quota_is_a_whole_number_from_1_on(sendmux: Sendmux, domain: Json) -> None:
    assert (await sendmux.mailbox(domain, quota_bytes=1))["quota_bytes"] == 1

    for quota in (0, -1, 1.5, "5", True, None, 10**30):
        answer = await sendmux.create(f"{fresh('quota')}@{domain['domain']}", quota_bytes=quota)
        assert refused(answer) == (400, "invalid_parameter"), quota
        assert error_of(answer)["param"] == "quota_bytes"


@contract("S4-7", "S4-27")
@pytest.mark.parametrize(
    "scope",
    [
        {}, {"type": "some"}, {"type": "all", "extra": 1}, {"type": "providers", "provider_public_ids": [""]},
        {"type": "providers", "provider_public_ids": ["p" * 129]}, {"type": "providers", "provider_public_ids": "p"},
        "all", None,
    ],
)  # fmt: skip
async def test_a_send_scope_of_another_form_is_refused(sendmux: Sendmux, domain: Json, scope: Any) -> None:
    answer = await sendmux.create(f"{fresh('scope')}@{domain['domain']}", send_scope=scope)

    assert answer.status_code == 400
    assert error_of(answer)["param"].startswith("send_scope")


@contract("S4-29", "A57")
@pytest.mark.parametrize(
    "scope",
    [
        {"type": "providers"},
        {"type": "providers", "provider_public_ids": []},
        {"type": "providers", "provider_public_ids": ["p"], "group_public_ids": ["g"]},
        {"type": "group"},
        {"type": "group", "provider_public_ids": ["p"], "group_public_ids": ["g"]},
        {"type": "all", "provider_public_ids": ["p"]},
        {"type": "all", "group_public_ids": ["g"]},
    ],
)
async def test_ids_that_do_not_belong_to_the_type_make_no_sense(
    sendmux: Sendmux, domain: Json, scope: Json
) -> None:
    answer = await sendmux.create(f"{fresh('scope')}@{domain['domain']}", send_scope=scope)

    assert refused(answer) == (422, "validation_error")
    assert error_of(answer)["param"].startswith("send_scope.")


async def test_unknown_fields_are_refused_and_every_field_that_does_not_fit_is_named(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('strict')}@{domain['domain']}"

    answer = await sendmux.create(email, quota_bytes=0, display_nmae="Ada")

    assert refused(answer) == (400, "invalid_parameter")
    assert {each["field"] for each in error_of(answer)["errors"]} == {"quota_bytes", "display_nmae"}
    assert effects(sim, email) == []


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        ("{", "application/json", 400, "invalid_parameter"),
        ("", "application/json", 400, "invalid_parameter"),
        ("[]", "application/json", 400, "invalid_parameter"),
        ('{"email": "a@b.example", "email": "c@d.example"}', "application/json", 400, "invalid_parameter"),
        ("{}", "text/plain", 415, "invalid_parameter"),
        ('{"email": "' + "a" * 70_000 + '"}', "application/json", 413, "payload_too_large"),
    ],
)
async def test_a_body_that_is_no_json_object_or_too_large_is_refused(
    sendmux: Sendmux, content: str, kind: str, status: int, code: str
) -> None:
    answer = await sendmux.http.post(MAILBOXES, content=content, headers={"Content-Type": kind})

    assert refused(answer) == (status, code)


@contract("A60")
async def test_whatever_goes_wrong_under_the_path_is_told_in_the_envelope(
    sendmux: Sendmux, nobody: Sendmux
) -> None:
    assert refused(await sendmux.http.get("/api/v1/nothing")) == (404, "not_found")
    assert refused(await sendmux.http.get("/api/v1")) == (404, "not_found")
    wrong = await sendmux.http.put(MAILBOXES)
    assert refused(wrong) == (405, "invalid_parameter")
    assert wrong.headers["allow"] == "GET, POST"
    assert refused(await nobody.http.get(MAILBOXES)) == (401, "authentication_required")
    assert refused(await sendmux.http.get(f"{MAILBOXES}/mbx_nothing")) == (404, "not_found")
    assert refused(await sendmux.http.get(f"{DOMAINS}/mdom_nothing/zone-file")) == (404, "not_found")


async def test_the_request_id_is_the_clients_own_if_it_has_the_form(sendmux: Sendmux) -> None:
    own = await sendmux.http.get(MAILBOXES, headers={"X-Request-Id": "req_mine-1"})
    other = await sendmux.http.get(MAILBOXES, headers={"X-Request-Id": "mine-1"})

    assert own.json()["meta"]["request_id"] == own.headers["x-request-id"] == "req_mine-1"
    assert other.json()["meta"]["request_id"] == other.headers["x-request-id"] != "mine-1"
    assert other.headers["x-request-id"].startswith("req_")
