"""Which Idempotency-Keys are taken, which two calls are the same, and how long a call waits."""

from __future__ import annotations

import pytest

from services.gateway.errors import ApiError
from services.gateway.requests.idempotency import fingerprint, idempotency_key
from services.gateway.requests.prefer import Patience, patience

PATH = "/api/email/accounts"


@pytest.mark.parametrize("key", ["a", "x" * 255, "8e03978e-40d5-43e8-bc93-6894a57f9324", "two words"])
def test_a_printable_key_is_taken(key: str) -> None:
    assert idempotency_key([key]) == key


@pytest.mark.parametrize("values", [[""], ["x" * 256], ["a\tb"], ["é"], ["a", "b"], [" "]])
def test_another_key_is_refused_by_the_name_of_its_header(values: list[str]) -> None:
    with pytest.raises(ApiError) as refused:
        idempotency_key(values)

    assert (refused.value.status, refused.value.code) == (400, "invalid_request")
    assert "Idempotency-Key" in str(refused.value)


def test_a_call_needs_no_key() -> None:
    assert idempotency_key([]) is None


def test_the_order_of_fields_and_parameters_makes_no_difference() -> None:
    one = fingerprint("POST", PATH, [("a", "1"), ("b", "2")], {"x": 1, "y": [1, {"p": 1, "q": 2}]})
    two = fingerprint("POST", PATH, [("b", "2"), ("a", "1")], {"y": [1, {"q": 2, "p": 1}], "x": 1})

    assert one == two


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("PATCH", PATH, [], {"x": 1}),
        ("POST", PATH + "/1", [], {"x": 1}),
        ("POST", PATH, [("a", "1")], {"x": 1}),
        ("POST", PATH, [], {"x": 2}),
        ("POST", PATH, [], {"x": "1"}),
        ("POST", PATH, [], None),
    ],
)
def test_whatever_else_differs_makes_another_call(
    method: str, path: str, query: list[tuple[str, str]], body: object
) -> None:
    assert fingerprint(method, path, query, body) != fingerprint("POST", PATH, [], {"x": 1})


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Patience(30.0)),
        (["wait=10"], Patience(10.0, "wait=10")),
        (["wait=0"], Patience(0.0, "wait=0")),
        (["wait=100"], Patience(60.0, "wait=60")),
        (['Wait = "5"'], Patience(5.0, "wait=5")),
        (["respond-async"], Patience(0.0, "respond-async")),
        (["respond-async, wait=10"], Patience(10.0, "respond-async, wait=10")),
        (["respond-async", "wait=10"], Patience(10.0, "respond-async, wait=10")),
        (["respond-async; wait=10"], Patience(10.0, "respond-async, wait=10")),
        (["wait=1, wait=2"], Patience(1.0, "wait=1")),
        (["handling=lenient; foo"], Patience(30.0)),
        (["wait=soon", "wait=-1", "wait=1.5"], Patience(30.0)),
    ],
)
def test_a_call_waits_as_long_as_it_prefers(headers: list[str], expected: Patience) -> None:
    assert patience(headers, default=30.0, longest=60.0) == expected
