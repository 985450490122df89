"""What each key may do, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.security.keys import KeyKind
from tests.contract.sendmux.driver import (
    DOMAINS,
    MAILBOXES,
    Json,
    Sendmux,
    caller,
    data_of,
    error_of,
    fresh,
    make_key,
    refused,
)
from tests.support.gateway import gateway_side
from tests.support.stack import RunningStack

contract = pytest.mark.contract

READ, CREATE, DELETE, MANAGE = (f"mailbox.admin.{each}" for each in ("read", "create", "delete", "manage"))
MAILBOX, DOMAIN = "mbx_" + "0" * 32, "mdom_" + "0" * 32
OPERATIONS: tuple[tuple[str, str, Any, str], ...] = (
    ("GET", MAILBOXES, None, READ),
    ("GET", f"{MAILBOXES}/availability?email=a@b.example", None, READ),
    ("GET", f"{MAILBOXES}/{MAILBOX}", None, READ),
    ("GET", f"{MAILBOXES}/{MAILBOX}/keys", None, READ),
    ("GET", f"{MAILBOXES}/{MAILBOX}/filters", None, READ),
    ("POST", MAILBOXES, {}, CREATE),
    ("DELETE", f"{MAILBOXES}/{MAILBOX}", None, DELETE),
    ("PATCH", f"{MAILBOXES}/{MAILBOX}", {}, MANAGE),
    ("POST", f"{MAILBOXES}/{MAILBOX}/suspend", None, MANAGE),
    ("POST", f"{MAILBOXES}/{MAILBOX}/resume", None, MANAGE),
    ("POST", f"{MAILBOXES}/{MAILBOX}/keys", {}, MANAGE),
    ("DELETE", f"{MAILBOXES}/{MAILBOX}/keys/smx_{'0' * 32}", None, MANAGE),
    ("PUT", f"{MAILBOXES}/{MAILBOX}/filters", {}, MANAGE),
    ("GET", DOMAINS, None, "domain.read"),
    ("GET", f"{DOMAINS}/{DOMAIN}", None, "domain.read"),
    ("GET", f"{DOMAINS}/{DOMAIN}/zone-file", None, "domain.read"),
    ("POST", DOMAINS, {}, "domain.create"),
    ("POST", f"{DOMAINS}/{DOMAIN}/verify", None, "domain.verify"),
    ("DELETE", f"{DOMAINS}/{DOMAIN}", None, "domain.delete"),
)
"""Every operation, with what it needs."""
ALL = frozenset(needed for *_, needed in OPERATIONS)
DOMAINS_ONLY = frozenset(each for each in ALL if each.startswith("domain."))
READING = frozenset(each for each in ALL if each.endswith(".read"))


@pytest.mark.parametrize(
    ("scopes", "meant"),
    [
        *(((each,), frozenset({each})) for each in sorted(ALL)),
        (("domain.*",), DOMAINS_ONLY),
        (("mailbox.admin.*",), ALL - DOMAINS_ONLY),
        (("root:full",), ALL),
        (("root:readonly",), READING),
        ((READ, "domain.verify"), frozenset({READ, "domain.verify"})),
    ],
)
async def test_a_key_may_do_what_it_was_given_and_nothing_else(
    stack: RunningStack, scopes: tuple[str, ...], meant: frozenset[str]
) -> None:
    key = await make_key(stack, *scopes)
    async with caller(stack, key) as who:
        for method, path, body, needed in OPERATIONS:
            answer = await who.http.request(method, path, json=body)

            if needed in meant:
                assert answer.status_code in {200, 400, 404}, (method, path)
            else:
                assert refused(answer) == (403, "insufficient_permissions"), (method, path)


@contract("S4-2", "A61")
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer smx_root_nobody",
        "Bearer {other}",
    ],
)
async def test_a_call_without_a_key_of_this_api_is_refused_alike(
    stack: RunningStack, nobody: Sendmux, header: str | None
) -> None:
    keys = {"key": stack.keys["sendmux"], "other": stack.keys["puffle"]}
    headers = {} if header is None else {"Authorization": header.format(**keys)}

    answer = await nobody.http.get(MAILBOXES, headers=headers)

    assert refused(answer) == (401, "authentication_required")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert error_of(answer)["retryable"] is False


async def test_the_scheme_is_read_in_any_case(stack: RunningStack, nobody: Sendmux) -> None:
    answer = await nobody.http.get(MAILBOXES, headers={"Authorization": f"bearer {stack.keys['sendmux']}"})

    assert answer.status_code == 200


async def test_a_key_makes_600_calls_a_minute_unless_the_installation_says_otherwise(
    database_url: str,
) -> None:
    async with gateway_side(database_url) as gateway:
        key = await gateway.key(kind=KeyKind.TEAM)
        async with gateway.client(key) as http:
            answer = await http.get(MAILBOXES)

    assert answer.headers["x-ratelimit-limit"] == "600"
    assert answer.headers["x-ratelimit-remaining"] == "599"


async def test_one_call_too_many_is_refused_until_the_window_ends(database_url: str) -> None:
    async with gateway_side(database_url, gateway_sendmux_calls_per_minute=3) as gateway:
        key, neighbour = await gateway.key(kind=KeyKind.TEAM), await gateway.key(kind=KeyKind.TEAM)
        async with gateway.client(key) as http, gateway.client(neighbour) as other:
            answers = [await http.get(path) for path in (MAILBOXES, f"{MAILBOXES}/{MAILBOX}", DOMAINS)]
            late = await http.get(MAILBOXES)
            theirs = await other.get(MAILBOXES)

    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0"]
    assert [answer.status_code for answer in answers] == [200, 404, 200]
    data_of(answers[0])
    assert refused(late) == (429, "rate_limit_exceeded")
    assert error_of(late)["retryable"] is True
    assert 1 <= int(late.headers["retry-after"]) <= 60
    assert late.headers["x-ratelimit-remaining"] == "0"
    assert theirs.status_code == 200


async def test_a_revoked_key_fails_at_the_next_call(
    stack: RunningStack, sendmux: Sendmux, domain: Json
) -> None:
    made = await sendmux.made(f"{fresh('revoked')}@{domain['domain']}")
    async with caller(stack, made["api_key"]["key"]) as own:
        assert refused(await own.http.get(MAILBOXES)) == (403, "insufficient_permissions")
        assert (await sendmux.http.delete(f"{MAILBOXES}/{made['mailbox']['id']}")).status_code == 200
        assert refused(await own.http.get(MAILBOXES)) == (401, "authentication_required")
