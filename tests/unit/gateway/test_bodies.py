"""What a create call may contain, field by field, and the sentence for what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.bodies import shaped
from services.gateway.dialects.puffle.schemas import CreateAccount, CreateDomain, is_id
from services.gateway.errors import ApiError

ID = "0199aaaa-0000-7000-8000-00000000000d"


def account(**fields: Any) -> CreateAccount:
    return shaped(CreateAccount, {"username": "ada", "domain_id": ID, **fields})


def refusal(body: Any, shape: type[CreateAccount | CreateDomain] = CreateAccount) -> ApiError:
    with pytest.raises(ApiError) as refused:
        shaped(shape, body)
    assert refused.value.status == 400
    return refused.value


@pytest.mark.contract("S0-9", "S0-10", "S0-11", "S0-12")
@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("a", "a"),
        ("Ada.Lovelace", "ada.lovelace"),
        ("x-_.9", "x-_.9"),
        (".a..b.", ".a..b."),
        ("a" * 64, "a" * 64),
    ],
)
def test_a_username_is_lowercased(given: str, taken: str) -> None:
    assert account(username=given).username == taken


@pytest.mark.contract("S0-9", "S0-12")
@pytest.mark.parametrize(
    "given", ["", "a@b", "a b", "a+b", "a/b", "ä", "\u212a", "a\n", "a\x00", "a" * 65, "а", "\ud800"]
)
def test_another_username_is_refused_by_name(given: str) -> None:
    error = refusal({"username": given, "domain_id": ID})

    assert error.code == "invalid_request"
    assert '"username"' in str(error)


@pytest.mark.contract("S0-5", "S0-6", "S0-7", "S0-8", "S0-14")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"domain_id": ID}, "username"),
        ({"username": "ada"}, "domain_id"),
        ({"username": None, "domain_id": ID}, "username"),
        ({"username": 1, "domain_id": ID}, "username"),
        ({"username": ["ada"], "domain_id": ID}, "username"),
        ({"username": "ada", "domain_id": "x"}, "domain_id"),
        ({"username": "ada", "domain_id": 1}, "domain_id"),
        ({"username": "ada", "domain_id": None}, "domain_id"),
        ({"username": "ada", "domain_id": ID, "display_name": 1}, "display_name"),
        ({"username": "ada", "domain_id": ID, "first_name": []}, "first_name"),
        ({"username": "ada", "domain_id": ID, "last_name": {}}, "last_name"),
    ],
)
def test_a_field_that_is_missing_or_of_another_type_is_named(body: Any, field: str) -> None:
    error = refusal(body)

    assert error.code == "invalid_request"
    assert f'"{field}"' in str(error)


def test_an_unknown_field_is_named_rather_than_the_one_it_was_meant_to_be() -> None:
    for body in ({"usrname": "ada", "domain_id": ID}, {"username": "ada", "domain_id": ID, "usrname": 1}):
        error = refusal(body)

        assert error.code == "unknown_field"
        assert '"usrname"' in str(error)


@pytest.mark.parametrize("body", [None, [], "ada", 1, True])
def test_a_body_is_an_object(body: Any) -> None:
    assert str(refusal(body)) == "The body must be a JSON object."


@pytest.mark.contract("S0-15", "S0-16", "S1-4")
@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        (ID, True),
        (ID.upper(), True),
        ("00000000-0000-0000-0000-000000000000", True),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", True),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", False),
        ("aaaa1111-1111-1111-1111-111111111111", False),
        ("0199aaaa-0000-0000-8000-00000000000d", False),
        ("0199aaaa-0000-9000-8000-00000000000d", False),
        ("0199aaaa-0000-7000-c000-00000000000d", False),
        ("{" + ID + "}", False),
        (ID.replace("-", ""), False),
        (ID + "\n", False),
        (" " + ID, False),
        ("", False),
    ],
)
def test_ids_are_taken_as_the_pattern_says(text: str, is_taken: bool) -> None:
    assert is_id(text) is is_taken


@pytest.mark.contract("S0-24", "S0-25")
@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({}, None),
        ({"first_name": "Ada"}, "Ada"),
        ({"last_name": "Lovelace"}, "Lovelace"),
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada", "last_name": "Lovelace", "display_name": "Countess"}, "Countess"),
        ({"first_name": "Ada", "display_name": "  "}, "Ada"),
        ({"first_name": "Ada", "display_name": None}, "Ada"),
        ({"first_name": " Ada ", "last_name": ""}, "Ada"),
        ({"display_name": "Ада 🚀"}, "Ада 🚀"),
    ],
)
def test_the_display_name_is_derived_when_it_is_omitted(
    names: dict[str, str | None], shown: str | None
) -> None:
    assert account(**names).shown_name() == shown


@pytest.mark.promise("R34")
@pytest.mark.parametrize("field", ["display_name", "first_name", "last_name"])
@pytest.mark.parametrize("breaking", "\r\n\x00\x0b\x0c\x1c\x1d\x1e\x7f\x85\u2028\u2029")
def test_no_name_can_break_a_header(field: str, breaking: str) -> None:
    error = refusal({"username": "ada", "domain_id": ID, field: f"Ada{breaking}Bcc: x"})

    assert f'"{field}"' in str(error)


def test_a_name_has_at_most_200_characters() -> None:
    assert account(first_name="x" * 200).first_name == "x" * 200
    assert '"first_name"' in str(refusal({"username": "ada", "domain_id": ID, "first_name": "x" * 201}))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("example.com", "example.com"),
        ("Mail.Example.COM", "mail.example.com"),
        ("a-1.xn--p1ai.org", "a-1.xn--p1ai.org"),
    ],
)
def test_a_domain_is_lowercased(given: str, taken: str) -> None:
    assert shaped(CreateDomain, {"domain": given}).domain == taken


@pytest.mark.parametrize(
    "given",
    [
        "", "localhost", "example", ".com", "example.com.", "-a.com", "a-.com", "a..com", "ex ample.com", "a_b.com",
        "http://example.com", "example.c", "example.123", "ä.com", "a" * 64 + ".com", "a." * 126 + "com", "a.com\n", 7, None,
    ],
)  # fmt: skip
def test_another_domain_is_refused_by_name(given: Any) -> None:
    assert '"domain"' in str(refusal({"domain": given}, CreateDomain))
