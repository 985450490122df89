"""API keys as text: what they look like, which typos are seen, what is kept of them."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from services.gateway.errors import ApiError
from services.gateway.security.headers import api_key_or_bearer, bearer
from services.gateway.security.keys import KeyKind, is_secret_of, make_key, parse_key
from services.gateway.security.scopes import POSSIBLE, meant_by, unknown_to, usual


@pytest.mark.contract("S2-4")
@pytest.mark.parametrize("kind", KeyKind)
def test_a_key_is_read_back_as_it_was_made(kind: KeyKind) -> None:
    key = make_key(kind)

    assert key.reveal().startswith(f"{kind}_{key.id}_")
    assert key.reveal().endswith(key.suffix)
    assert parse_key(key.reveal()) == key


def test_every_single_typo_is_seen_without_a_look_up() -> None:
    text = make_key(KeyKind.PUFFLE).reveal()

    typos = [text[:n] + ("x" if text[n] != "x" else "y") + text[n + 1 :] for n in range(8, len(text))]

    assert [typo for typo in typos if parse_key(typo) is not None] == []


@pytest.mark.parametrize("text", ["", "pk_live_", "pk_live_abc_def", "no key at all", "é" * 60, "a" * 10_000])
def test_what_is_no_key_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_only_the_right_secret_has_the_stored_hash() -> None:
    key, other = make_key(KeyKind.PUFFLE), make_key(KeyKind.PUFFLE)

    assert is_secret_of(key, key.hash())
    assert not is_secret_of(other, key.hash())


def test_a_key_does_not_print_its_secret() -> None:
    key = make_key(KeyKind.TENANT)

    assert key.secret not in repr(key)
    assert key.secret not in str(key)


def authorization(text: str | None) -> Headers:
    return Headers({"Authorization": text} if text is not None else {})


@pytest.mark.contract("S0-3", "S1-3")
def test_the_token_stands_behind_the_word_bearer() -> None:
    assert bearer(authorization("Bearer abc")) == "abc"
    assert bearer(authorization("bearer  abc ")) == "abc"


@pytest.mark.contract("S0-3", "S1-3")
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_any_other_authorization_is_refused(header: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        bearer(authorization(header))

    assert refused.value.status == 401
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.contract("S2-3", "A61")
@pytest.mark.parametrize(
    "given",
    [
        {"X-API-Key": "abc"},
        {"x-api-key": " abc "},
        {"Authorization": "Bearer abc"},
        {"X-API-Key": "", "Authorization": "Bearer abc"},
        {"X-API-Key": "abc", "Authorization": "Bearer abc"},
    ],
)
def test_a_key_may_stand_in_a_header_of_its_own(given: dict[str, str]) -> None:
    assert api_key_or_bearer(Headers(given)) == "abc"


@pytest.mark.contract("S2-3", "A61")
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "abc", "Authorization": "Bearer other"},
        {"X-API-Key": "abc", "Authorization": "Basic abc"},
    ],
)
def test_two_keys_that_differ_are_no_key(given: dict[str, str]) -> None:
    with pytest.raises(ApiError) as refused:
        api_key_or_bearer(Headers(given))

    assert refused.value.status == 401


def test_wildcards_and_presets_stand_for_what_they_cover() -> None:
    assert meant_by(("domain.*",)) == {"domain.read", "domain.create", "domain.verify", "domain.delete"}
    assert meant_by(("mailbox.admin.read", "domain.verify")) == {"mailbox.admin.read", "domain.verify"}
    assert meant_by(("root:readonly",)) == {"mailbox.admin.read", "domain.read"}
    assert meant_by(("root:full",)) == set(POSSIBLE[KeyKind.TEAM])


def test_a_word_that_means_nothing_for_a_kind_of_key_is_told() -> None:
    given = ("domain.*", "root:full", "mailbox.admin.read", "domains:read", "everything", "webhook.*")

    assert unknown_to(KeyKind.TEAM, given) == ["domains:read", "everything", "webhook.*"]
    assert unknown_to(KeyKind.PUFFLE, ("domains:read", "domain.read")) == ["domain.read"]
    for kind in KeyKind:
        assert unknown_to(kind, usual(kind)) == []
