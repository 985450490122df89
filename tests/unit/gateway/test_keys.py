"""API keys as text: what they look like, which typos are seen, what is kept of them."""

from __future__ import annotations

import pytest

from services.gateway.errors import ApiError
from services.gateway.security.authenticate import bearer
from services.gateway.security.keys import PREFIXES, is_secret_of, make_key, parse_key

KINDS = [prefix for prefixes in PREFIXES.values() for prefix in prefixes]


@pytest.mark.parametrize("prefix", KINDS)
def test_a_key_is_read_back_as_it_was_made(prefix: str) -> None:
    key = make_key(prefix)

    assert key.reveal().startswith(f"{prefix}_{key.id}_")
    assert parse_key(key.reveal()) == key


def test_every_single_typo_is_seen_without_a_look_up() -> None:
    text = make_key("pk_live").reveal()

    typos = [text[:n] + ("x" if text[n] != "x" else "y") + text[n + 1 :] for n in range(8, len(text))]

    assert [typo for typo in typos if parse_key(typo) is not None] == []


@pytest.mark.parametrize("text", ["", "pk_live_", "pk_live_abc_def", "no key at all", "é" * 60, "a" * 10_000])
def test_what_is_no_key_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_only_the_right_secret_has_the_stored_hash() -> None:
    key, other = make_key("pk_live"), make_key("pk_live")

    assert is_secret_of(key, key.hash())
    assert not is_secret_of(other, key.hash())


def test_a_key_does_not_print_its_secret() -> None:
    key = make_key("tk")

    assert key.secret not in repr(key)
    assert key.secret not in str(key)


@pytest.mark.contract("S0-3", "S1-3")
def test_the_token_stands_behind_the_word_bearer() -> None:
    assert bearer("Bearer abc") == "abc"
    assert bearer("bearer  abc ") == "abc"


@pytest.mark.contract("S0-3", "S1-3")
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_any_other_authorization_is_refused(header: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        bearer(header)

    assert refused.value.status == 401
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")
