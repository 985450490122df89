"""Which dialect a path speaks, how each names its calls and words what the core refuses."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.bodies import shaped
from services.gateway.dialects.registry import EDGES, edge_of
from services.gateway.errors import ApiError, FieldError, invalid, rate_limited, unauthorized, unavailable
from shared.contracts.requests import Dialect

PUFFLE, MYAGENTMAIL, SENDMUX = (EDGES[dialect] for dialect in Dialect)


class Ids:
    def new(self) -> UUID:
        return UUID(int=7)


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/api/v1/mailboxes", Dialect.SENDMUX),
        ("/api/v1", Dialect.SENDMUX),
        ("/v1/inboxes", Dialect.MYAGENTMAIL),
        ("/v1", Dialect.MYAGENTMAIL),
        ("/api/email/accounts", Dialect.PUFFLE),
        ("/api/v10/mailboxes", Dialect.PUFFLE),
        ("/v1x", Dialect.PUFFLE),
        ("/health/live", Dialect.PUFFLE),
        ("/", Dialect.PUFFLE),
    ],
)
def test_a_path_speaks_one_dialect_whether_it_exists_or_not(path: str, dialect: Dialect) -> None:
    assert edge_of(path).dialect is dialect


@pytest.mark.contract("S4-38")
@pytest.mark.parametrize(
    ("given", "puffle", "sendmux"),
    [
        (None, str(UUID(int=7)), "req_" + "0" * 31 + "7"),
        ("mine", "mine", "req_" + "0" * 31 + "7"),
        ("req_mine", "req_mine", "req_mine"),
        ("two words", str(UUID(int=7)), "req_" + "0" * 31 + "7"),
        ("req_" + "x" * 125, str(UUID(int=7)), "req_" + "0" * 31 + "7"),
    ],
)
def test_a_clients_own_name_for_a_call_is_kept_where_it_fits(
    given: str | None, puffle: str, sendmux: str
) -> None:
    assert PUFFLE.call_id(given, Ids()) == MYAGENTMAIL.call_id(given, Ids()) == puffle
    assert SENDMUX.call_id(given, Ids()) == sendmux


def words(dialect: Dialect, error: ApiError) -> tuple[int, dict[str, Any]]:
    response = EDGES[dialect].refuse(error, "req_1")
    return response.status_code, json.loads(bytes(response.body))


@pytest.mark.contract("A60", "S2-39", "S4-38")
def test_each_dialect_has_its_own_words_for_the_same_error() -> None:
    error = unauthorized()
    sentence = str(error)

    assert words(Dialect.PUFFLE, error) == (
        401,
        {"error": sentence, "code": "unauthorized", "request_id": "req_1"},
    )
    assert words(Dialect.MYAGENTMAIL, error) == (401, {"error": sentence, "code": "UNAUTHORIZED"})
    assert words(Dialect.SENDMUX, error) == (
        401,
        {
            "ok": False,
            "error": {"code": "authentication_required", "message": sentence, "retryable": False},
            "meta": {"request_id": "req_1"},
        },
    )
    for dialect in Dialect:
        assert EDGES[dialect].refuse(error, "x").headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("error", "retryable"),
    [(rate_limited(3), True), (unavailable(), True), (ApiError(409, "conflict", "No."), False)],
)
def test_sendmux_says_whether_to_try_again(error: ApiError, retryable: bool) -> None:
    assert words(Dialect.SENDMUX, error)[1]["error"]["retryable"] is retryable
    for dialect in Dialect:
        assert EDGES[dialect].refuse(error, "x").headers.get("retry-after") == error.headers.get(
            "Retry-After"
        )


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["all", "group"]


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    email: Annotated[str, Field(min_length=5, max_length=10)]
    quota: Annotated[int, Field(ge=1)] = 1
    scope: Inner | None = None


def refused(body: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        shaped(Wanted, body)
    return error.value


def test_every_field_that_does_not_fit_is_told_unknown_ones_first() -> None:
    error = refused({"quota": 0, "scope": {"type": "any"}, "emial": "x"})

    assert (str(error), error.code) == ('The field "emial" is not known.', "unknown_field")
    assert error.fields == (
        FieldError("emial", "unknown", 'The field "emial" is not known.'),
        FieldError("email", "missing", 'The field "email" is required.'),
        FieldError("quota", "invalid", 'The field "quota" must not be less than 1.'),
        FieldError("scope.type", "invalid", "The field \"scope.type\" must be 'all' or 'group'."),
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"email": "abc"}, 'The field "email" must not be shorter than 5 characters.'),
        ({"email": "a" * 11}, 'The field "email" must not be longer than 10 characters.'),
        ({"email": 7}, 'The field "email" must be a string.'),
        ({"email": "abcde", "quota": "7"}, 'The field "quota" must be a whole number.'),
        ({"email": "abcde", "scope": []}, 'The field "scope" must be an object.'),
    ],
)
def test_a_sentence_says_what_would_fit(body: Any, sentence: str) -> None:
    assert str(refused(body)) == sentence


def test_a_body_that_is_no_object_has_no_fields() -> None:
    assert refused([]).fields == ()
    assert invalid("No.").fields == ()
    assert invalid("No.", parameter="limit").fields == (FieldError("limit", "invalid", "No."),)


def test_sendmux_names_the_first_parameter_and_lists_all() -> None:
    status, body = words(Dialect.SENDMUX, refused({"quota": 0}))

    assert (status, body["error"]["code"], body["error"]["param"]) == (400, "missing_parameter", "email")
    assert [(each["field"], each["code"]) for each in body["error"]["errors"]] == [
        ("email", "missing_parameter"),
        ("quota", "invalid_parameter"),
    ]
