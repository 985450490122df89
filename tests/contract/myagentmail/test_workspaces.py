"""Workspaces and their keys: what each sees, what none learns of another, and what goes when one goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from tests.contract.myagentmail.driver import (
    DOMAINS,
    INBOXES,
    PLATFORM,
    WORKSPACES,
    Agent,
    Json,
    caller,
    created,
    error_of,
    fresh,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract


@pytest.fixture(scope="module")
async def sales(agent: Agent) -> Json:
    """A workspace beside the default one."""
    return await agent.workspace()


@pytest.fixture(scope="module")
async def seller(agent: Agent, sales: Json, stack: RunningStack) -> AsyncIterator[Agent]:
    """A caller with that workspace's master key."""
    async with caller(stack, await agent.workspace_key(sales["id"])) as who:
        yield who


# --- what a workspace key sees ----------------------------------------------------------------------------------


@contract("A36", "S2-14")
async def test_a_workspace_key_that_asks_for_a_name_of_another_workspace_gets_a_number_and_learns_nothing(
    agent: Agent, seller: Agent, sales: Json, sim: Simulated
) -> None:
    name = fresh("scout")
    theirs = await agent.inbox(name, displayName="Secret project")

    answer = await seller.create(name)

    assert answer.status_code == 201, answer.text
    inbox = answer.json()
    assert (inbox["username"], inbox["workspaceId"]) == (f"{name}1", sales["id"])
    for known in (theirs["id"], theirs["workspaceId"], "Secret project"):
        assert known not in answer.text
    assert sorted(created(sim, name)) == [f"{name}1@{PLATFORM}", f"{name}@{PLATFORM}"]


@contract("A36", "A31")
async def test_its_retries_leak_no_second_inbox(agent: Agent, seller: Agent, sim: Simulated) -> None:
    name = fresh("scout")
    await agent.inbox(name)

    answers = [await seller.create(name) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
    assert {answer.json()["email"] for answer in answers} == {f"{name}1@{PLATFORM}"}
    assert len(created(sim, name)) == 2


@contract("A36", "S2-23", "A37")
async def test_in_strict_mode_it_is_a_409_without_details(agent: Agent, seller: Agent) -> None:
    name = fresh("scout")
    theirs = await agent.inbox(name)

    refused = await seller.create(name, strict=True)

    assert (refused.status_code, error_of(refused)) == (409, "USERNAME_TAKEN")
    assert theirs["id"] not in refused.text
    assert theirs["workspaceId"] not in refused.text


@contract("A36", "S2-14", "S2-16")
async def test_a_tenant_key_gets_the_inbox_wherever_it_is_with_its_real_workspace(
    agent: Agent, seller: Agent, sales: Json
) -> None:
    name = fresh("scout")
    inbox = await seller.inbox(name)

    answer = await agent.create(name, workspaceId=(await agent.default_workspace())["id"])

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["workspaceId"]) == (inbox["id"], sales["id"])


@contract("A36")
async def test_reads_show_a_workspace_key_its_workspace_only(
    agent: Agent, seller: Agent, sales: Json
) -> None:
    theirs, mine = await agent.inbox(fresh("scout")), await seller.inbox(fresh("scout"))

    foreign = await seller.http.get(f"{INBOXES}/{theirs['id']}")
    seen = {each["id"] for each in await seller.listed()}
    filtered = {each["id"] for each in await agent.listed(workspace=sales["id"])}
    everything = {each["id"] for each in await agent.listed()}

    assert (foreign.status_code, error_of(foreign)) == (404, "NOT_FOUND")
    assert mine["id"] in seen
    assert theirs["id"] not in seen
    assert filtered == seen
    assert {mine["id"], theirs["id"]} <= everything


@contract("S2-11", "A38")
async def test_only_a_tenant_key_filters_a_list_by_workspace(seller: Agent, sales: Json) -> None:
    refused = await seller.http.get(INBOXES, params={"workspace": str(uuid4())})

    assert (refused.status_code, error_of(refused)) == (403, "FORBIDDEN")
    assert (await seller.http.get(INBOXES, params={"workspace": sales["id"]})).status_code == 200


# --- workspaceId ------------------------------------------------------------------------------------------------


@contract("S2-11", "S2-12", "S2-32")
async def test_a_tenant_key_says_where_the_inbox_goes(agent: Agent, sales: Json) -> None:
    there = await agent.inbox(fresh("scout"), workspaceId=sales["id"])
    default = await agent.inbox(fresh("scout"))

    assert there["workspaceId"] == sales["id"]
    assert default["workspaceId"] == (await agent.default_workspace())["id"]


@contract("A39", "S2-11")
async def test_a_workspace_key_may_name_its_own_workspace_and_no_other(
    agent: Agent, seller: Agent, sales: Json
) -> None:
    own = await seller.create(fresh("scout"), workspaceId=sales["id"])
    other = await seller.create(fresh("scout"), workspaceId=(await agent.default_workspace())["id"])
    unknown = await seller.create(fresh("scout"), workspaceId=str(uuid4()))

    assert (own.status_code, own.json()["workspaceId"]) == (201, sales["id"])
    assert (other.status_code, error_of(other)) == (403, "FORBIDDEN")
    assert (unknown.status_code, unknown.content) == (403, other.content), "nothing tells which one exists"


@contract("S2-11")
async def test_a_workspace_of_others_is_no_workspace(agent: Agent, stranger: Agent) -> None:
    theirs = (await stranger.default_workspace())["id"]

    for workspace in (theirs, str(uuid4())):
        for refused in (
            await agent.create(fresh("scout"), workspaceId=workspace),
            await agent.http.get(INBOXES, params={"workspace": workspace}),
            await agent.http.get(f"{WORKSPACES}/{workspace}"),
            await agent.http.delete(f"{WORKSPACES}/{workspace}"),
            await agent.http.get(f"{WORKSPACES}/{workspace}/keys"),
            await agent.http.post(f"{WORKSPACES}/{workspace}/keys", json={}),
        ):
            assert (refused.status_code, error_of(refused)) == (404, "NOT_FOUND"), refused.request.url


# --- workspaces themselves --------------------------------------------------------------------------------------


async def test_a_workspace_has_its_documented_shape_and_counts_what_is_in_it(agent: Agent) -> None:
    answer = await agent.http.post(
        WORKSPACES, json={"name": "Field Sales", "slug": (slug := f"{fresh('s')}x")}
    )

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert set(made) == {"id", "name", "slug", "isDefault", "inboxCount", "domainCount", "createdAt"}
    assert (made["name"], made["slug"], made["isDefault"]) == ("Field Sales", slug, False)
    assert (made["inboxCount"], made["domainCount"]) == (0, 0)
    assert str(UUID(made["id"])) == made["id"]
    await agent.inbox(fresh("scout"), workspaceId=made["id"])
    read = await agent.http.get(f"{WORKSPACES}/{made['id']}")
    assert (read.status_code, read.json()) == (200, {**made, "inboxCount": 1})
    assert read.json() in (await agent.http.get(WORKSPACES)).json()["workspaces"]


async def test_a_slug_is_made_from_the_name_and_belongs_to_one(agent: Agent) -> None:
    name = f"Growth & Sales {fresh('x')}"

    first, second = [await agent.http.post(WORKSPACES, json={"name": name}) for _ in range(2)]
    slug = first.json()["slug"]
    taken = await agent.http.post(WORKSPACES, json={"name": fresh("w"), "slug": slug})

    assert slug.startswith("growth-sales-x")
    assert second.status_code in {201, 409}
    assert (taken.status_code, error_of(taken)) == (409, "SLUG_TAKEN")


async def test_a_deleted_workspace_takes_its_inboxes_domains_and_keys_with_it(
    agent: Agent, stack: RunningStack, sim: Simulated
) -> None:
    workspace = await agent.workspace()
    key = await agent.workspace_key(workspace["id"])
    async with caller(stack, key) as member:
        inbox = await member.inbox(fresh("scout"))
        domain = await member.domain()
        at_domain = await member.inbox(fresh("scout"), domain=domain["domain"])

        answer = await agent.http.delete(f"{WORKSPACES}/{workspace['id']}")

        assert (answer.status_code, answer.json()) == (200, {"deleted": True, "id": workspace["id"]})
        assert (await member.http.get(INBOXES)).status_code == 401
    for each in (inbox, at_domain):
        await agent.gone(each["id"])
    gone = {inbox["email"], at_domain["email"]}
    await eventually(
        lambda: gone <= {entry["subject"] for entry in sim.ledger("inbox.deleted")},
        within=20,
        what="both inboxes are gone",
    )

    async def domain_is_gone() -> bool:
        return (await agent.http.get(f"{DOMAINS}/{domain['id']}")).status_code == 404

    await eventually(domain_is_gone, within=20, what="the domain is gone")
    assert (await agent.http.get(f"{WORKSPACES}/{workspace['id']}")).status_code == 404


async def test_an_empty_workspace_goes_too(agent: Agent) -> None:
    path = f"{WORKSPACES}/{(await agent.workspace())['id']}"

    assert (await agent.http.delete(path)).status_code == 200
    assert (await agent.http.get(path)).status_code == 404


async def test_the_default_workspace_stays(agent: Agent) -> None:
    default = await agent.default_workspace()

    refused = await agent.http.delete(f"{WORKSPACES}/{default['id']}")

    assert (refused.status_code, error_of(refused)) == (409, "DEFAULT_WORKSPACE")
    assert (await agent.default_workspace())["id"] == default["id"]


# --- workspace keys ---------------------------------------------------------------------------------------------


async def test_a_key_is_shown_once_listed_without_its_secret_and_ends_at_once(
    agent: Agent, sales: Json, stack: RunningStack
) -> None:
    path = f"{WORKSPACES}/{sales['id']}/keys"

    made = await agent.http.post(path, json={"name": "ci"})

    assert made.status_code == 201, made.text
    key = made.json()
    assert set(key) == {"id", "key", "prefix", "name", "workspaceId", "createdAt"}
    assert (key["prefix"], key["name"], key["workspaceId"]) == ("wk", "ci", sales["id"])
    secret = key.pop("key")
    listed = await agent.http.get(path)
    assert key in listed.json()["keys"]
    assert secret not in listed.text
    async with caller(stack, secret) as member:
        assert (await member.http.get(INBOXES)).status_code == 200
        revoked = await agent.http.delete(f"{path}/{key['id']}")
        assert (revoked.status_code, revoked.json()) == (200, {"revoked": True, "id": key["id"]})
        assert (await member.http.get(INBOXES)).status_code == 401
    assert key["id"] not in {each["id"] for each in (await agent.http.get(path)).json()["keys"]}
    again = await agent.http.delete(f"{path}/{key['id']}")
    assert (again.status_code, error_of(again)) == (404, "NOT_FOUND")


async def test_a_key_of_another_workspace_is_no_key_of_this_one(agent: Agent, sales: Json) -> None:
    other = await agent.workspace()
    key = (await agent.http.post(f"{WORKSPACES}/{other['id']}/keys", json={})).json()

    refused = await agent.http.delete(f"{WORKSPACES}/{sales['id']}/keys/{key['id']}")

    assert (refused.status_code, error_of(refused)) == (404, "NOT_FOUND")
