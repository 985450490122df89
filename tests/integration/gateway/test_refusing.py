"""Every call the gateway refuses by itself, over real HTTP: status, stable code, a sentence, the request id."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.gateway.bodies import LIMIT
from tests.support.engines import drop_database, new_database
from tests.support.gateway import GatewaySide, gateway_side

DOMAIN = "0199aaaa-0000-7000-8000-00000000000d"
BODY = {"username": "ada", "domain_id": DOMAIN}
ACCOUNTS, DOMAINS = "/api/email/accounts", "/api/email/domains"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def gateway(postgres_url: str, migrated_template: str) -> AsyncIterator[GatewaySide]:
    """One for all tests here: none of them leaves anything behind."""
    database_url = await new_database(postgres_url, migrated_template)
    async with gateway_side(database_url) as running:
        yield running
    await drop_database(database_url)


@pytest.fixture(scope="module")
async def api(gateway: GatewaySide) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may do everything."""
    async with gateway.client(await gateway.key()) as client:
        yield client


def assert_refused(answer: httpx.Response, status: int, code: str, *says: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert set(body) >= {"error", "code", "request_id"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == body["request_id"]
    for word in says:
        assert word in body["error"]


@pytest.mark.contract(*(f"S0-{number}" for number in (6, 7, 8, 9, 10, 12, 14, 15, 16)))
@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"username": ...}, "invalid_request", '"username"'),
        ({"domain_id": ...}, "invalid_request", '"domain_id"'),
        ({"username": ""}, "invalid_request", '"username"'),
        ({"username": "ada@example.com"}, "invalid_request", '"username"'),
        ({"username": "a" * 65}, "invalid_request", '"username"'),
        ({"username": 7}, "invalid_request", '"username"'),
        ({"domain_id": "7"}, "invalid_request", '"domain_id"'),
        ({"domain_id": DOMAIN + "\n"}, "invalid_request", '"domain_id"'),
        ({"domain_id": "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"}, "invalid_request", '"domain_id"'),
        ({"display_name": 7}, "invalid_request", '"display_name"'),
        ({"first_name": "Ada\r\nBcc: x"}, "invalid_request", '"first_name"'),
        ({"last_name": "\u2028"}, "invalid_request", '"last_name"'),
        ({"first_nmae": "Ada"}, "unknown_field", '"first_nmae"'),
    ],
)
async def test_a_field_that_does_not_fit_is_named(
    gateway: GatewaySide, api: httpx.AsyncClient, fields: dict[str, Any], code: str, field: str
) -> None:
    body = {name: value for name, value in {**BODY, **fields}.items() if value is not ...}

    assert_refused(await api.post(ACCOUNTS, json=body), 400, code, field)
    assert await gateway.pool.fetchval("select count(*) from request") == 0


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"username": "a", "username": "b"}', b"\xff\xfe", b'{"a": "\\ud800"}',
        b"[" * 50_000, b'{"a": ' + b"1" * 5_000 + b"}",
    ],
    ids=range(9),
)  # fmt: skip
async def test_a_body_that_is_no_json_is_refused(api: httpx.AsyncClient, content: bytes) -> None:
    assert_refused(await api.post(ACCOUNTS, content=content, headers=JSON), 400, "invalid_json")


async def test_a_body_that_is_no_object_is_refused(api: httpx.AsyncClient) -> None:
    assert_refused(await api.post(ACCOUNTS, json=[BODY]), 400, "invalid_request", "object")


@pytest.mark.contract("S0-4")
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_another_kind_of_body_is_refused(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert_refused(await api.post(ACCOUNTS, content=b"{}", headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not(
    api: httpx.AsyncClient, is_chunked: bool
) -> None:
    for size, status, code in ((LIMIT, 400, "invalid_json"), (LIMIT + 1, 413, "body_too_large")):

        async def chunks(size: int = size) -> Any:
            for start in range(0, size, 10_000):
                yield b" " * min(10_000, size - start)

        content: Any = chunks() if is_chunked else b" " * size
        assert_refused(await api.post(ACCOUNTS, content=content, headers=JSON), status, code)


async def test_a_name_of_a_field_cannot_grow_the_answer(api: httpx.AsyncClient) -> None:
    answer = await api.post(ACCOUNTS, json={**BODY, "x" * 50_000: 1})

    assert_refused(answer, 400, "unknown_field")
    assert len(answer.content) < 500


@pytest.mark.contract("S1-4", "S1-6", "A11", "A12", "A18")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACCOUNTS + "/{}"),
        ("GET", ACCOUNTS + "/{}/history"),
        ("PATCH", ACCOUNTS + "/{}/retry-warmup"),
        ("GET", DOMAINS + "/{}"),
        ("POST", DOMAINS + "/{}/verify"),
        ("POST", DOMAINS + "/{}/verify?poll=true"),
    ],
)
async def test_a_path_names_an_id_that_is_one_and_is_there(
    gateway: GatewaySide, api: httpx.AsyncClient, method: str, path: str
) -> None:
    for malformed in (
        "7",
        "aaaa1111-1111-1111-1111-111111111111",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        f"{DOMAIN}%0a",
    ):
        assert_refused(await api.request(method, path.format(malformed)), 400, "invalid_request", "id")
    for missing in (DOMAIN, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"):
        assert_refused(await api.request(method, path.format(missing)), 404, "not_found")
    assert await gateway.events() == []


@pytest.mark.contract("S1-2")
async def test_a_call_that_needs_no_body_takes_an_empty_one_only(api: httpx.AsyncClient) -> None:
    path = f"{ACCOUNTS}/{DOMAIN}/retry-warmup"

    assert_refused(await api.patch(path), 404, "not_found")
    assert_refused(await api.patch(path, json={}), 404, "not_found")
    assert_refused(await api.patch(path, json={"force": True}), 400, "unknown_field", '"force"')
    assert_refused(await api.patch(path, content=b"["), 400, "invalid_json")
    assert_refused(await api.patch(path, content=b"[]"), 400, "invalid_request")
    assert_refused(await api.patch(path, content=b" " * (LIMIT + 1)), 413, "body_too_large")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=-1", "limit=", "cursor=x", "cursor=%ff"]
)
@pytest.mark.parametrize("path", [ACCOUNTS, DOMAINS])
async def test_a_page_that_makes_no_sense_is_refused(api: httpx.AsyncClient, path: str, query: str) -> None:
    assert_refused(await api.get(f"{path}?{query}"), 400, "invalid_request", query.partition("=")[0])


async def test_poll_is_true_or_false(api: httpx.AsyncClient) -> None:
    assert_refused(await api.post(f"{DOMAINS}/{DOMAIN}/verify?poll=yes"), 400, "invalid_request", "poll")


@pytest.mark.parametrize("text", ["", "x" * 256, "a\tb"])
async def test_an_idempotency_key_that_is_none_is_refused(api: httpx.AsyncClient, text: str) -> None:
    answer = await api.post(ACCOUNTS, json=BODY, headers={"Idempotency-Key": text})

    assert_refused(answer, 400, "invalid_request", "Idempotency-Key")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"domain": ""},
        {"domain": "localhost"},
        {"domain": "a b.com"},
        {"domain": 7},
        {"domain": "a.com\r\n"},
    ],
)
async def test_a_domain_that_is_none_is_refused(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert_refused(await api.post(DOMAINS, json=body), 400, "invalid_request", '"domain"')


async def test_an_unknown_path_or_method_is_refused_in_our_words(api: httpx.AsyncClient) -> None:
    assert_refused(await api.get("/api/email/nothing"), 404, "not_found")
    assert_refused(await api.get(f"{ACCOUNTS}/"), 404, "not_found")
    wrong = await api.delete(ACCOUNTS)
    assert_refused(wrong, 405, "method_not_allowed", "This path takes GET, POST.")
    assert wrong.headers["allow"] == "GET, POST"


async def test_a_call_is_named_by_its_client_or_by_us(api: httpx.AsyncClient) -> None:
    named = await api.get(ACCOUNTS, headers={"X-Request-Id": "mine-7"})
    ours = [
        (await api.get(ACCOUNTS, headers={"X-Request-Id": odd})).headers["x-request-id"]
        for odd in ("", "x" * 129, "two words")
    ]

    assert named.headers["x-request-id"] == "mine-7"
    assert len(set(ours)) == 3
    assert all(len(each) == 36 for each in ours)
