"""What the API refuses to take, with which status and code, and that nothing happens then."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.puffle.driver import ACCOUNTS, DOMAINS, Json, Puffle, error_of, fresh
from tests.support.simulator import Simulated

contract = pytest.mark.contract

NIL = "00000000-0000-0000-0000-000000000000"
MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff"
JSON = {"Content-Type": "application/json"}


def is_invalid(answer: Any, names: str) -> None:
    """Check that a call was refused as malformed in a sentence that names what is wrong."""
    assert answer.status_code == 400, answer.text
    assert error_of(answer) == "invalid_request"
    assert names in answer.json()["error"]


# --- username ---------------------------------------------------------------------------------------------------


@contract("S0-9", "S0-10", "S0-12", "A13")
@pytest.mark.parametrize(
    "username",
    ["", "ada@", "ada@acme.example", "a da", " ada", "ada ", "ada\n", "ada+tag", "adá", "ａｄａ", "İ", "\u212a", "a/da", "a\\da",
     "a,da", "a\tda", "ada\u0000", "<ada>", '"ada"', "a" * 65],
)  # fmt: skip
async def test_usernames_outside_the_rules_are_refused(puffle: Puffle, domain: Json, username: str) -> None:
    is_invalid(await puffle.create(username, domain), "username")


@contract("S0-11", "S0-12", "A13")
@pytest.mark.parametrize("username", ["A.b-C_9", "UPPER", "9", "a", "a..b", ".a", "x" * 57])
async def test_usernames_within_the_rules_are_taken_and_lowercased(
    puffle: Puffle, domain: Json, username: str
) -> None:
    name = f"{fresh(username)}"

    account = await puffle.account(name, domain)

    assert account["email_address"] == f"{name.lower()}@{domain['domain']}"


@contract("S0-6", "S0-7", "S0-8", "S0-9")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"username": ...}, "username"),
        ({"domain_id": ...}, "domain_id"),
        ({"username": None}, "username"),
        ({"domain_id": None}, "domain_id"),
        ({"username": 7}, "username"),
        ({"username": ["ada"]}, "username"),
        ({"domain_id": 7}, "domain_id"),
        ({"display_name": 7}, "display_name"),
        ({"first_name": True}, "first_name"),
        ({"last_name": {"a": 1}}, "last_name"),
        ({"display_name": "Ada\r\nBcc: everybody"}, "display_name"),
        ({"first_name": "Ada\u0000"}, "first_name"),
    ],
)
async def test_missing_or_mistyped_fields_are_refused_by_name(
    puffle: Puffle, domain: Json, change: Json, named: str
) -> None:
    body = {"username": fresh("ada"), "domain_id": domain["id"], **change}

    answer = await puffle.http.post(ACCOUNTS, json={k: v for k, v in body.items() if v is not ...})

    is_invalid(answer, named)


@contract("S0-5")
async def test_a_field_nobody_knows_is_refused_by_its_name(puffle: Puffle, domain: Json) -> None:
    answer = await puffle.create(fresh("ada"), domain, first_nmae="Ada")

    assert answer.status_code == 400
    assert error_of(answer) == "unknown_field"
    assert "first_nmae" in answer.json()["error"]


@contract("S0-5", "S0-8")
async def test_all_five_fields_together_are_taken(puffle: Puffle, domain: Json) -> None:
    names = {"display_name": "Ada L.", "first_name": "Ada", "last_name": "Lovelace"}

    account = await puffle.account(fresh("ada"), domain, **names)

    assert {field: account[field] for field in names} == names


# --- ids ----------------------------------------------------------------------------------------------------------

MALFORMED = [
    "", "ada", "3c90c3cc0d444b5088888dd25736052a", "{3c90c3cc-0d44-4b50-8888-8dd25736052a}",
    "3c90c3cc-0d44-4b50-8888-8dd25736052", "3c90c3cc-0d44-4b50-8888-8dd25736052aa",
    "3c90c3cc-0d44-0b50-8888-8dd25736052a",  # version 0
    "3c90c3cc-0d44-9b50-8888-8dd25736052a",  # version 9
    "3c90c3cc-0d44-4b50-7888-8dd25736052a",  # variant 7
    "3c90c3cc-0d44-4b50-c888-8dd25736052a",  # variant c
    "aaaa1111-1111-1111-1111-111111111111",  # the reference page's own sample
    "gggggggg-0d44-4b50-8888-8dd25736052a", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a",
]  # fmt: skip
WELL_FORMED = [NIL, MAX, *(f"3C90c3cc-0d44-{version}b50-{variant}888-8dd25736052a" for version, variant in
    [(1, "8"), (2, "9"), (3, "a"), (4, "b"), (5, "A"), (6, "B"), (7, "8"), (8, "9")])]  # fmt: skip


@contract("S0-14", "S0-15", "S0-16", "S1-4", "A11", "A12")
@pytest.mark.parametrize("text", [*MALFORMED, "3c90c3cc-0d44-4b50-8888-8dd25736052a\n"])
async def test_ids_of_another_form_are_refused(puffle: Puffle, text: str) -> None:
    is_invalid(await puffle.create("ada", {"id": text}), "domain_id")
    if text:
        path = f"{ACCOUNTS}/{text.replace(chr(10), '%0A')}"
        is_invalid(await puffle.http.patch(f"{path}/retry-warmup"), "id")
        is_invalid(await puffle.http.get(path), "id")


@contract("S0-14", "S0-15", "S0-16", "S0-17", "S1-4", "A12")
@pytest.mark.parametrize("text", WELL_FORMED)
async def test_well_formed_ids_of_nothing_are_not_found(puffle: Puffle, text: str) -> None:
    for answer in (
        await puffle.create("ada", {"id": text}),
        await puffle.retry(text),
        await puffle.http.get(f"{ACCOUNTS}/{text}"),
        await puffle.http.get(f"{ACCOUNTS}/{text}/history"),
        await puffle.http.post(f"{DOMAINS}/{text}/verify"),
    ):
        assert answer.status_code == 404, answer.request.url
        assert error_of(answer) == "not_found"


async def test_nobody_without_a_key_learns_what_an_id_looks_like(nobody: Puffle) -> None:
    for method, path in (("GET", "ada"), ("PATCH", "ada"), ("DELETE", "ada"), ("PATCH", "ada/pause-warmup")):
        answer = await nobody.http.request(method, f"{ACCOUNTS}/{path}")
        assert (answer.status_code, error_of(answer)) == (401, "unauthorized")


@contract("S0-16")
async def test_an_id_in_capitals_names_the_same_domain(puffle: Puffle, domain: Json) -> None:
    account = await puffle.account(fresh("ada"), {**domain, "id": domain["id"].upper()})

    assert account["domain_id"] == domain["id"]


# --- domain -----------------------------------------------------------------------------------------------------


@contract("S0-17", "S0-18", "A5")
async def test_somebody_elses_domain_is_not_found(
    puffle: Puffle, stranger: Puffle, domain: Json, sim: Simulated
) -> None:
    name = fresh("intruder")

    foreign = await stranger.create(name, domain)
    missing = await puffle.create(name, {"id": str(uuid4())})

    assert (foreign.status_code, error_of(foreign)) == (404, "not_found")
    assert (missing.status_code, error_of(missing)) == (404, "not_found")
    assert not sim.ledger("inbox.created") or all(name not in e["subject"] for e in sim.ledger())


async def test_somebody_elses_account_can_be_neither_read_nor_told(
    puffle: Puffle, stranger: Puffle, domain: Json
) -> None:
    account = await puffle.account(fresh("private"), domain)

    for path in (f"{ACCOUNTS}/{account['id']}", f"{ACCOUNTS}/{account['id']}/history"):
        answer = await stranger.http.get(path)
        assert (answer.status_code, error_of(answer)) == (404, "not_found")
        assert account["email_address"] not in answer.text


@contract("S0-19", "A5")
async def test_a_domain_that_is_not_verified_is_refused(puffle: Puffle, sim: Simulated) -> None:
    unverified = await puffle.claim(f"{fresh('nodns')}.example")
    name = fresh("early")

    answer = await puffle.create(name, unverified)

    assert answer.status_code == 400
    assert error_of(answer) == "domain_not_verified"
    assert all(name not in entry["subject"] for entry in sim.ledger())


# --- the call itself ----------------------------------------------------------------------------------------------


@contract("S0-3", "S1-3")
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer {key} extra",
    ],
)
async def test_without_a_valid_bearer_token_nothing_answers(
    nobody: Puffle, puffle: Puffle, domain: Json, header: str | None
) -> None:
    key = puffle.http.headers["authorization"].removeprefix("Bearer ")
    headers = {} if header is None else {"Authorization": header.format(key=key)}
    for method, path in [
        ("POST", ACCOUNTS),
        ("GET", ACCOUNTS),
        ("GET", f"{ACCOUNTS}/{NIL}"),
        ("GET", f"{ACCOUNTS}/{NIL}/history"),
        ("PATCH", f"{ACCOUNTS}/{NIL}/retry-warmup"),
        ("POST", DOMAINS),
        ("GET", DOMAINS),
        ("POST", f"{DOMAINS}/{NIL}/verify"),
    ]:
        answer = await nobody.http.request(method, path, headers=headers)
        assert (answer.status_code, error_of(answer)) == (401, "unauthorized"), path
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert key not in answer.text


@contract("S0-3")
async def test_the_scheme_is_bearer_in_any_case_and_no_other_header_carries_the_key(puffle: Puffle) -> None:
    key = puffle.http.headers["authorization"].removeprefix("Bearer ")

    lower = await puffle.http.get(ACCOUNTS, headers={"Authorization": f"bearer {key}"})
    other = await puffle.http.get(ACCOUNTS, headers={"Authorization": "", "X-API-Key": key})

    assert lower.status_code == 200
    assert (other.status_code, error_of(other)) == (401, "unauthorized")


async def test_a_key_of_another_dialect_does_not_open_this_one(nobody: Puffle, stack: Any) -> None:
    for dialect in ("myagentmail", "sendmux"):
        headers = {"Authorization": f"Bearer {stack.keys[dialect]}"}
        answer = await nobody.http.get(ACCOUNTS, headers=headers)
        assert (answer.status_code, error_of(answer)) == (401, "unauthorized")


@contract("S0-4")
@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b'{"username": ', JSON, 400, "invalid_json"),
        (b"", JSON, 400, "invalid_json"),
        (b"\xff\xfe", JSON, 400, "invalid_json"),
        (b'{"username": NaN}', JSON, 400, "invalid_json"),
        (b"[" * 20_000, JSON, 400, "invalid_json"),
        (b"[]", JSON, 400, "invalid_request"),
        (b'"ada"', JSON, 400, "invalid_request"),
        (b"null", JSON, 400, "invalid_request"),
        (b"username=ada", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        (b'{"username": "ada"}', {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b'{"username": "ada"}', {}, 415, "unsupported_media_type"),
        (b'{"username": "' + b"a" * 70_000 + b'"}', JSON, 413, "body_too_large"),
    ],
)  # fmt: skip
async def test_bodies_that_cannot_be_read_are_refused_with_their_own_codes(
    puffle: Puffle, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    for path in (ACCOUNTS, DOMAINS):
        answer = await puffle.http.post(path, content=content, headers=headers)
        assert (answer.status_code, error_of(answer)) == (status, code), path


@contract("S0-4")
async def test_a_content_type_with_a_character_set_is_json_too(puffle: Puffle, domain: Json) -> None:
    answer = await puffle.http.post(
        ACCOUNTS,
        content=f'{{"username": "{fresh("utf")}", "domain_id": "{domain["id"]}"}}',
        headers={"Content-Type": "application/json; charset=utf-8"},
    )

    assert answer.status_code == 201


@contract("S0-1", "S1-1")
async def test_other_methods_and_paths_are_refused_in_the_same_shape(puffle: Puffle) -> None:
    for method, path, status, code in [
        ("DELETE", ACCOUNTS, 405, "method_not_allowed"),
        ("POST", f"{ACCOUNTS}/{NIL}/retry-warmup", 405, "method_not_allowed"),
        ("GET", "/api/email/nothing", 404, "not_found"),
        ("POST", f"{ACCOUNTS}/", 404, "not_found"),
    ]:
        answer = await puffle.http.request(method, path)
        assert (answer.status_code, error_of(answer)) == (status, code), (method, path)
