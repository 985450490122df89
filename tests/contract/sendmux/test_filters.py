"""Filters of mailboxes: kept as a whole, read back as they are, and changed only by those who have seen them."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.contract.sendmux.driver import (
    ETAG,
    MAILBOXES,
    Json,
    Sendmux,
    data_of,
    error_of,
    fresh,
    keyed,
    refused,
)

RULES = [
    {"type": "deny", "pattern": "spam.example", "note": "always"},
    {"type": "deny", "pattern": "eve@mail.example", "note": None},
]


@pytest.fixture
async def where(sendmux: Sendmux, domain: Json) -> str:
    """The path of a fresh mailbox's filters."""
    return f"{MAILBOXES}/{(await sendmux.mailbox(domain))['id']}/filters"


async def test_a_mailbox_begins_without_any(sendmux: Sendmux, where: str) -> None:
    answer = await sendmux.http.get(where)

    assert data_of(answer) == {"mode": "off", "rules": []}
    assert ETAG.fullmatch(answer.headers["etag"])
    again = await sendmux.http.get(where, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_they_are_replaced_as_a_whole_and_shown_by_pattern(sendmux: Sendmux, where: str) -> None:
    body = {"mode": "denylist", "rules": [RULES[0], {"type": "deny", "pattern": "Eve@Mail.Example"}]}
    answer = await sendmux.http.put(where, json=body)

    assert data_of(answer) == {"mode": "denylist", "rules": [RULES[1], RULES[0]]}
    read = await sendmux.http.get(where)
    assert data_of(read) == data_of(answer)
    assert read.headers["etag"] == answer.headers["etag"]
    assert data_of(await sendmux.http.put(where, json={"mode": "allowlist", "rules": []})) == {
        "mode": "allowlist",
        "rules": [],
    }


async def test_of_many_who_saw_the_same_version_one_replaces_it(sendmux: Sendmux, where: str) -> None:
    seen = {"If-Match": (await sendmux.http.get(where)).headers["etag"]}

    answers = await asyncio.gather(
        *(
            sendmux.http.put(
                where,
                json={"mode": "denylist", "rules": [{"type": "deny", "pattern": f"{n}.example"}]},
                headers=seen,
            )
            for n in range(10)
        )
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 9}
    (won,) = [answer for answer in answers if answer.status_code == 200]
    for lost in answers:
        if lost is not won:
            assert refused(lost) == (409, "conflict")
            assert lost.headers["etag"] == won.headers["etag"]
    assert data_of(await sendmux.http.get(where)) == data_of(won)


async def test_a_thousand_long_rules_fit_and_one_more_does_not(sendmux: Sendmux, where: str) -> None:
    rules = [
        {"type": "allow", "pattern": f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{n:04}.example", "note": "n" * 255}
        for n in range(1_000)
    ]

    most = await sendmux.http.put(where, json={"mode": "allowlist", "rules": rules})
    more = await sendmux.http.put(where, json={"mode": "allowlist", "rules": [*rules, RULES[0]]})
    too_large = await sendmux.http.put(
        where, content=b'"' + b"x" * 2**20 + b'"', headers={"Content-Type": "application/json"}
    )

    assert len(data_of(most)["rules"]) == 1_000
    assert refused(more) == (400, "invalid_parameter")
    assert error_of(more)["param"] == "rules"
    assert refused(too_large) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "mode"),
        ({"mode": "off"}, "rules"),
        ({"mode": "some", "rules": []}, "mode"),
        ({"mode": "off", "rules": [], "more": 1}, "more"),
        ({"mode": "off", "rules": [{"type": "block", "pattern": "a.example"}]}, "rules.0.type"),
        ({"mode": "off", "rules": [{"type": "deny", "pattern": "not a pattern"}]}, "rules.0.pattern"),
        (
            {"mode": "off", "rules": [{"type": "deny", "pattern": "a.example", "note": "n" * 256}]},
            "rules.0.note",
        ),
        ({"mode": "off", "rules": [{"type": "deny", "pattern": "a.example", "note": "\0"}]}, "rules.0.note"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_place(
    sendmux: Sendmux, where: str, body: Json, param: str
) -> None:
    answer = await sendmux.http.put(where, json=body)

    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


async def test_a_repeated_call_with_a_key_replaces_once(sendmux: Sendmux, where: str) -> None:
    headers = keyed(fresh("key"))
    first = await sendmux.http.put(where, json={"mode": "denylist", "rules": RULES}, headers=headers)

    again = await sendmux.http.put(where, json={"mode": "denylist", "rules": RULES}, headers=headers)

    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
