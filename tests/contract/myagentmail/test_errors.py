"""Whatever goes wrong under /v1 says so in two fields: a sentence and a code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.myagentmail.driver import INBOXES, Agent, created, error_of, fresh
from tests.support.simulator import Simulated

contract = pytest.mark.contract

JSON = {"Content-Type": "application/json"}


@contract("S2-39", "A60")
@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/v1", {}, 404, "NOT_FOUND"),
        ("GET", "/v1/", {}, 404, "NOT_FOUND"),
        ("GET", "/v1/nothing", {}, 404, "NOT_FOUND"),
        ("PUT", INBOXES, {}, 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", INBOXES, {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST", INBOXES, {"content": b"{", "headers": JSON}, 400, "INVALID_JSON"),
        ("POST", INBOXES, {"content": b'{"username": "\xff"}', "headers": JSON}, 400, "INVALID_JSON"),
        ("POST", INBOXES, {"content": b'{"x": 1, "x": 2}', "headers": JSON}, 400, "INVALID_JSON"),
        ("POST", INBOXES, {"json": []}, 400, "INVALID_REQUEST"),
        ("POST", INBOXES, {"json": None}, 400, "INVALID_REQUEST"),
        (
            "POST",
            INBOXES,
            {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        ("POST", INBOXES, {"content": b"{}"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", INBOXES, {"content": b'"' + b"x" * 70_000 + b'"', "headers": JSON}, 413, "BODY_TOO_LARGE"),
        ("POST", INBOXES, {"json": {}, "headers": {"Idempotency-Key": "k" * 256}}, 400, "INVALID_REQUEST"),
    ],
)
async def test_every_refusal_has_the_same_two_fields(
    agent: Agent, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    if "json" in options and options["json"] is None:
        options = {"content": b"null", "headers": JSON}

    answer = await agent.http.request(method, path, **options)

    assert (answer.status_code, error_of(answer)) == (status, code), answer.text
    if status == 405:
        assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}


@contract("S2-7", "A41", "A58")
@pytest.mark.parametrize(
    "username",
    [
        "Scout",
        "SCOUT",
        "scouT",
        "",
        "a b",
        "scout@",
        "a@b.example",
        "scout+tag",
        "scöut",
        "a/b",
        "a" * 65,
        "a\n",
    ],
)
async def test_usernames_are_lowercase_and_are_not_made_so(
    agent: Agent, sim: Simulated, username: str
) -> None:
    before = len(sim.ledger("inbox.created"))

    answer = await agent.create(username)

    assert (answer.status_code, error_of(answer)) == (400, "INVALID_REQUEST")
    assert "username" in answer.json()["error"]
    assert len(sim.ledger("inbox.created")) == before


@contract("S2-7")
@pytest.mark.parametrize("shape", ["a.b", "a-b", "a_b", "9", "x" * 40])
async def test_usernames_may_hold_digits_and_three_signs(agent: Agent, shape: str) -> None:
    name = f"{shape}{fresh('-n')}"

    assert (await agent.inbox(name))["username"] == name


@contract("S2-6", "S2-11", "S2-13")
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"username": 7}, "username"),
        ({"displayName": ["x"]}, "displayName"),
        ({"displayName": "x\ny"}, "displayName"),
        ({"displayName": "x" * 201}, "displayName"),
        ({"domain": "nonsense"}, "domain"),
        ({"domain": 7}, "domain"),
        ({"workspaceId": "nonsense"}, "workspaceId"),
        ({"workspaceId": 7}, "workspaceId"),
    ],
)
async def test_fields_of_the_wrong_kind_are_refused_by_name(
    agent: Agent, body: dict[str, Any], named: str
) -> None:
    answer = await agent.http.post(INBOXES, json=body)

    assert (answer.status_code, error_of(answer)) == (400, "INVALID_REQUEST")
    assert named in answer.json()["error"]


@contract("S2-13")
@pytest.mark.parametrize("strict", ["yes", "1", "", "TRUE!"])
async def test_strict_is_true_or_false(agent: Agent, strict: str) -> None:
    answer = await agent.http.post(INBOXES, params={"strict": strict}, json={})

    assert (answer.status_code, error_of(answer)) == (400, "INVALID_REQUEST")
    assert "strict" in answer.json()["error"]


@contract("S2-39")
async def test_a_provider_that_refuses_is_a_502_and_leaves_no_inbox(agent: Agent, sim: Simulated) -> None:
    name = fresh("fail-inbox")

    answer = await agent.create(name)

    assert (answer.status_code, error_of(answer)) == (502, "PROVIDER_REFUSED")
    assert not created(sim, name)
    assert name not in {each["username"] for each in await agent.listed()}


async def test_an_inbox_that_could_not_be_made_says_why(agent: Agent) -> None:
    answer = await agent.create(fresh("fail-inbox"), headers={"Prefer": "respond-async"})
    assert answer.status_code == 202

    inbox = await agent.ended(answer.json()["id"])

    assert inbox["status"] == "failed"
    assert inbox["failure"]["code"] == "PROVIDER_REFUSED"
    assert inbox["imapPassword"] is None
