"""Who gets which name: numbers after names that others have, and retries that leak nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from tests.contract.myagentmail.driver import INBOXES, PLATFORM, Agent, created, error_of, fresh
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract


async def lost(stack: RunningStack, key: str, name: str) -> None:
    """Ask for an inbox and hang up before the answer."""
    async with httpx.AsyncClient(
        base_url=stack.base_url, headers={"X-API-Key": key}, trust_env=False
    ) as http:
        with pytest.raises(httpx.TimeoutException):
            await http.post(INBOXES, json={"username": name}, timeout=httpx.Timeout(5.0, read=0.005))


@contract("S2-18", "S2-19", "S2-20", "S2-21", "S2-22", "A58")
async def test_a_name_that_others_have_gets_the_first_free_number(
    agent: Agent, stranger: Agent, sim: Simulated
) -> None:
    name = fresh("scout")
    await agent.inbox(name)
    await agent.inbox(f"{name}2")

    first = await stranger.inbox(name)
    again = await stranger.create(name)

    assert (first["username"], first["email"]) == (f"{name}1", f"{name}1@{PLATFORM}")
    assert first["canonicalEmail"] == first["imap"]["username"] == first["email"]
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert sorted(created(sim, name)) == sorted(f"{name}{number}@{PLATFORM}" for number in ("", 1, 2))


@contract("A31", "S2-17")
async def test_three_retries_of_a_lost_call_leak_no_second_inbox(
    agent: Agent, stranger: Agent, stack: RunningStack, sim: Simulated
) -> None:
    name = fresh("scout")
    await agent.inbox(name)

    await lost(stack, stack.keys_other["myagentmail"], name)
    retries = [await stranger.create(name) for _ in range(3)]

    assert Counter(answer.status_code for answer in retries[1:]) == {200: 2}
    assert retries[0].status_code in {200, 201}
    assert {answer.json()["email"] for answer in retries} == {f"{name}1@{PLATFORM}"}
    assert sorted(created(sim, name)) == [f"{name}1@{PLATFORM}", f"{name}@{PLATFORM}"]


@contract("A31", "S2-17")
async def test_twenty_retries_at_once_of_a_lost_call_leak_no_second_inbox(
    agent: Agent, stranger: Agent, stack: RunningStack, sim: Simulated
) -> None:
    name = fresh("scout")
    await agent.inbox(name)

    await lost(stack, stack.keys_other["myagentmail"], name)
    retries = await asyncio.gather(*(stranger.create(name) for _ in range(20)))

    assert {answer.status_code for answer in retries} <= {200, 201}
    assert Counter(answer.status_code for answer in retries)[200] >= 19
    assert {answer.json()["email"] for answer in retries} == {f"{name}1@{PLATFORM}"}
    assert sorted(created(sim, name)) == [f"{name}1@{PLATFORM}", f"{name}@{PLATFORM}"]


@contract("A31")
async def test_the_remembered_name_is_forgotten_with_its_inbox(agent: Agent, stranger: Agent) -> None:
    name = fresh("scout")
    await agent.inbox(name)
    first = await stranger.inbox(name)
    await stranger.http.delete(f"{INBOXES}/{first['id']}")
    await stranger.gone(first["id"])

    second = await stranger.inbox(name)

    assert second["username"] == f"{name}2", "the deleted address stays burned"


@contract("A32")
async def test_an_own_inbox_of_a_numbered_name_is_neither_the_answer_nor_free(
    agent: Agent, stranger: Agent
) -> None:
    name = fresh("scout")
    await agent.inbox(name)
    by_hand = await stranger.inbox(f"{name}1")

    inbox = await stranger.inbox(name)

    assert inbox["id"] != by_hand["id"]
    assert inbox["username"] == f"{name}2"


@contract("S2-13", "S2-23", "S2-24", "S2-25", "S2-39", "A37", "A60")
async def test_strict_refuses_a_name_that_others_have_and_names_nothing_but_the_address(
    agent: Agent, stranger: Agent, sim: Simulated
) -> None:
    name = fresh("scout")
    theirs = await agent.inbox(name, displayName="Secret project")

    refused = await stranger.create(name, strict=True)
    loose = await stranger.create(name, strict=False)

    assert (refused.status_code, error_of(refused)) == (409, "USERNAME_TAKEN")
    assert f"{name}@{PLATFORM}" in refused.json()["error"]
    for known in (theirs["id"], theirs["workspaceId"], "Secret project"):
        assert known not in refused.text
    assert (loose.status_code, loose.json()["username"]) == (201, f"{name}1")
    assert len(created(sim, name)) == 2


@contract("S2-19", "S2-21")
async def test_a_name_that_only_the_provider_knows_is_passed_over(agent: Agent, sim: Simulated) -> None:
    name = fresh("scout")
    assert sim.inbox(name).status_code == 200

    inbox = await agent.inbox(name)

    assert inbox["username"] == f"{name}1"


@contract("A33", "S2-19")
async def test_when_all_hundred_names_are_taken_there_is_none(agent: Agent, stranger: Agent) -> None:
    name = fresh("scout")
    every = [name, *(f"{name}{number}" for number in range(1, 100))]
    for some in (every[begin : begin + 10] for begin in range(0, 100, 10)):
        made = await asyncio.gather(*(agent.create(each) for each in some))
        assert {answer.status_code for answer in made} == {201}

    refused = await stranger.create(name)

    assert (refused.status_code, error_of(refused)) == (409, "USERNAME_TAKEN")


@contract("A42", "A62")
async def test_the_name_of_a_deleted_inbox_is_burned_and_passed_over(agent: Agent) -> None:
    name = fresh("scout")
    first = await agent.inbox(name)
    await agent.http.delete(f"{INBOXES}/{first['id']}")
    await agent.gone(first["id"])

    strict = await agent.create(name, strict=True)
    second = await agent.inbox(name)

    assert (strict.status_code, error_of(strict)) == (409, "USERNAME_TAKEN")
    assert second["username"] == f"{name}1"
    assert second["id"] != first["id"]


@contract("S2-19", "S2-21", "A58")
async def test_fifty_at_once_from_two_tenants_get_consecutive_numbers_and_one_inbox_each(
    agent: Agent, stranger: Agent, sim: Simulated
) -> None:
    # Each call asks in a workspace of its own with that workspace's key: nobody else's inbox is the answer.
    name = fresh("race")
    callers = await many_workspaces(agent, 25) + await many_workspaces(stranger, 25)
    try:
        answers = await asyncio.gather(*(who.create(name) for who in callers))
    finally:
        for who in callers:
            await who.http.aclose()

    assert Counter(answer.status_code for answer in answers) == {201: 50}
    wanted = {f"{name}{number or ''}@{PLATFORM}" for number in range(50)}
    assert {answer.json()["email"] for answer in answers} == wanted
    assert Counter(created(sim, name)) == dict.fromkeys(wanted, 1)


@contract("S2-14", "S2-19")
async def test_of_two_tenants_with_twenty_five_calls_each_both_get_one_inbox(
    agent: Agent, stranger: Agent, sim: Simulated
) -> None:
    name = fresh("race")

    answers = await asyncio.gather(*(who.create(name) for _ in range(25) for who in (agent, stranger)))

    assert Counter(answer.status_code for answer in answers) == {201: 2, 200: 48}
    for mine in (answers[::2], answers[1::2]):
        assert len({answer.json()["id"] for answer in mine}) == 1
    assert sorted(created(sim, name)) == [f"{name}1@{PLATFORM}", f"{name}@{PLATFORM}"]


async def many_workspaces(tenant: Agent, number: int) -> list[Agent]:
    """Return callers with the master keys of so many new workspaces."""
    callers = []
    for _ in range(number):
        key = await tenant.workspace_key((await tenant.workspace())["id"])
        http = httpx.AsyncClient(
            base_url=tenant.http.base_url, headers={"X-API-Key": key}, timeout=70.0, trust_env=False
        )
        callers.append(Agent(http))
    return callers
