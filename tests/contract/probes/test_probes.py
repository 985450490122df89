"""Every route that takes an id answers another tenant as if there were nothing, and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from services.gateway.bootstrap import build
from services.gateway.openapi import operations
from services.gateway.settings import GatewaySettings
from tests.contract.probes.belongings import MYAGENTMAIL, PUFFLE, SENDMUX, Json, Tenant, settle, tenant
from tests.contract.probes.fences import take_down_filters, take_down_row_security
from tests.support.gateway import gateway_side
from tests.support.stack import RunningStack, running_stack

BODIES: dict[str, Json] = {
    "updateEmailAccount": {"signature": "mine"},
    "updateEmailDomain": {"status": "failed"},
    "updateThread": {"draft_subject": "mine"},
    "sendThreadMessage": {"body_text": "mine"},
    "updateInbox": {"displayName": "mine"},
    "addInboxAddress": {"email": "mine@myagentmail.com"},
    "createWorkspaceKey": {"name": "mine"},
    "updateMailbox": {"display_name": "mine"},
    "createMailboxKey": {"app_name": "mine"},
    "setMailboxFilters": {"mode": "off", "rules": []},
}
"""A body that would be accepted, for each operation on an id that needs one."""
NAMING_OTHERS: dict[str, Callable[[dict[tuple[str, str], str]], Json]] = {
    "createEmailAccount": lambda theirs: {"username": "mine", "domain_id": theirs[PUFFLE, "domain"]},
    "createThread": lambda theirs: {"draft_subject": "mine", "account_id": theirs[PUFFLE, "account"]},
    "createInbox": lambda theirs: {"username": "mine", "workspaceId": theirs[MYAGENTMAIL, "workspace"]},
    "createWorkspaceDomain": lambda theirs: {
        "domain": "mine.example",
        "workspaceId": theirs[MYAGENTMAIL, "workspace"],
    },
}
"""Bodies that name what is another's, for each operation that takes an id there."""
FILES = {"uploadThreadAttachment": {"file": ("mine.txt", b"mine")}}
"""What is uploaded, for each operation that takes a file instead of a body."""
AS_IF_NOTHING = {404, 403}


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[RunningStack]:
    async with running_stack() as running:
        yield running


@pytest.fixture(scope="module")
async def owner(stack: RunningStack) -> AsyncIterator[Tenant]:
    """The other tenant, who has one of everything."""
    async with tenant(stack.base_url, stack.keys_other) as theirs:
        await settle(theirs, "theirs")
        yield theirs


@pytest.fixture(params=["both fences", "row-level security alone", "filters alone"])
async def base_url(
    request: pytest.FixtureRequest, stack: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """A gateway with these fences up."""
    if request.param == "both fences":
        yield stack.base_url
        return
    (take_down_filters if request.param == "row-level security alone" else take_down_row_security)(
        monkeypatch
    )
    async with gateway_side(stack.database_url, master_keys=stack.master_keys) as side:
        yield side.base_url


@pytest.mark.contract("S0-18", "S1-6", "A18", "A36", "A37")
async def test_whatever_names_anothers_id_finds_nothing_and_changes_nothing(
    base_url: str, stack: RunningStack, owner: Tenant
) -> None:
    before = await owner.seen()
    async with tenant(base_url, stack.keys) as stranger:
        answers = {name: await probe(stranger, owner, name, *how) for name, how in probes().items()}

    wrong = {name: answer for name, answer in answers.items() if answer not in AS_IF_NOTHING}
    assert not wrong
    assert len(answers) > 40
    assert await owner.seen() == before


async def test_no_list_shows_what_is_anothers(base_url: str, stack: RunningStack, owner: Tenant) -> None:
    lists = [(path, method) for path, method, each in routes() if method == "get" and "{" not in path]
    async with tenant(base_url, stack.keys) as stranger:
        for path, _ in lists:
            if path.endswith("/availability"):
                continue  # tells by its nature whether an address is free, and nothing else
            answer = await stranger.clients[dialect_of(path)].get(path)
            assert answer.status_code == 200, (path, answer.text)
            shown = answer.text
            assert not [thing for thing in owner.ids.values() if thing in shown], path
    assert len(lists) > 10


async def test_the_owner_finds_what_strangers_do_not(
    base_url: str, stack: RunningStack, owner: Tenant
) -> None:
    async with tenant(base_url, stack.keys_other) as same:
        same.ids = owner.ids
        assert await same.seen() == await owner.seen()


async def test_without_any_fence_a_stranger_finds_everything(
    stack: RunningStack, owner: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_down_filters(monkeypatch)
    take_down_row_security(monkeypatch)
    reading = {name: how for name, how in probes().items() if how[1] == "get"}
    async with (
        gateway_side(stack.database_url, master_keys=stack.master_keys) as side,
        tenant(side.base_url, stack.keys) as stranger,
    ):
        answers = {name: await call(stranger, owner, name, *how) for name, how in reading.items()}

    found = {name for name, answer in answers.items() if answer.status_code == 200}
    assert {"getEmailAccount", "getEmailDomain", "getThread", "getMailbox", "getDomain"} <= found


def probes() -> dict[str, tuple[str, str]]:
    """Return the operations that take an id in their path or body, with path and method."""
    return {
        each["operationId"]: (path, method)
        for path, method, each in routes()
        if "{" in path or each["operationId"] in NAMING_OTHERS
    }


def routes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    settings = GatewaySettings.model_validate({"database_url": "postgresql://", "kafka_bootstrap": "nowhere"})
    yield from operations(build(settings).openapi())


async def probe(stranger: Tenant, owner: Tenant, name: str, path: str, method: str) -> int:
    """Call an operation with another's ids and return the status; nothing that was not in the call is told."""
    answer = await call(stranger, owner, name, path, method)
    named = f"{answer.url} {await answer.request.aread()!r}"
    told = [thing for thing in owner.ids.values() if thing in answer.text and thing not in named]
    assert not told, (name, answer.text)
    return answer.status_code


async def call(stranger: Tenant, owner: Tenant, name: str, path: str, method: str) -> httpx.Response:
    dialect = dialect_of(path)
    body = NAMING_OTHERS[name](owner.ids) if name in NAMING_OTHERS else BODIES.get(name)
    return await stranger.clients[dialect].request(
        method, filled(path, dialect, owner), json=body, files=FILES.get(name)
    )


def filled(path: str, dialect: str, owner: Tenant) -> str:
    """Return a path with another's ids in it."""
    words = {"accounts": "account", "senders": "account", "domains": "domain", "inboxes": "inbox"}
    words |= {"threads": "thread", "workspaces": "workspace", "mailboxes": "mailbox", "keys": "key"}
    parts = path.split("/")
    for place, part in enumerate(parts):
        if part == "{address}":
            parts[place] = "ada@theirs-m.example"
        elif part.startswith("{"):
            parts[place] = owner.ids[dialect, words[parts[place - 1]]]
    return "/".join(parts)


def dialect_of(path: str) -> str:
    if path.startswith("/api/v1/"):
        return SENDMUX
    return MYAGENTMAIL if path.startswith("/v1/") else PUFFLE
