"""Keys of mailboxes: issued once each, listed without secrets, ended, and what to do when one was lost."""

from __future__ import annotations

import pytest

from tests.contract.sendmux.driver import (
    INSTANT,
    MAILBOXES,
    Json,
    Sendmux,
    caller,
    data_of,
    error_of,
    fresh,
    keyed,
    login_works,
    refused,
)
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract


def path(mailbox: Json, *more: str) -> str:
    """Return the path of a mailbox's keys, or of one of them."""
    return "/".join((MAILBOXES, mailbox["id"], "keys", *more))


@contract("S4-34", "S4-32", "S4-36")
async def test_a_further_key_comes_with_a_password_of_its_own(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('keys')}@{domain['domain']}"
    made = await sendmux.made(email)
    mailbox = made["mailbox"]

    answer = await sendmux.http.post(path(mailbox), json={"app_name": "desktop mail"})

    assert answer.status_code == 201
    data = data_of(answer)
    assert set(data) == {"api_key", "imap_smtp_credentials"}
    assert answer.headers["location"] == path(mailbox, data["api_key"]["public_id"])
    assert data["api_key"]["key"].startswith("smx_mbx_")
    assert data["api_key"]["key"].endswith(data["api_key"]["key_suffix"])
    passwords = {each["imap_smtp_credentials"]["password"] for each in (made, data)}
    assert len(passwords) == 2
    assert all(login_works(sim, password, email) for password in passwords)
    listed = await sendmux.keys(mailbox)
    assert [each["public_id"] for each in listed] == [
        data["api_key"]["public_id"], made["api_key"]["public_id"],
    ]  # fmt: skip
    assert listed[0]["app_name"] == "desktop mail"
    assert INSTANT.fullmatch(listed[0]["created_at"])
    assert not any(secret in str(listed) for secret in passwords)


@contract("A45", "S4-43")
async def test_a_lost_response_is_replayed_and_an_unseen_key_is_ended(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('lost')}@{domain['domain']}"
    mailbox = (await sendmux.made(email))["mailbox"]
    headers = keyed(fresh("key"))
    lost = await sendmux.http.post(path(mailbox), json={"app_name": "agent"}, headers=headers)

    replay = await sendmux.http.post(path(mailbox), json={"app_name": "agent"}, headers=headers)
    issued = await sendmux.http.post(path(mailbox), json={"app_name": "agent again"})
    unseen = data_of(lost)
    ended = await sendmux.http.delete(path(mailbox, unseen["api_key"]["public_id"]))

    assert replay.content == lost.content
    assert replay.headers["location"] == lost.headers["location"]
    assert data_of(ended) == {"deleted": True, "id": unseen["api_key"]["public_id"]}
    assert not login_works(sim, unseen["imap_smtp_credentials"]["password"], email)
    assert login_works(sim, data_of(issued)["imap_smtp_credentials"]["password"], email)
    assert unseen["api_key"]["public_id"] not in {each["public_id"] for each in await sendmux.keys(mailbox)}


async def test_ending_a_key_again_answers_the_same_and_one_that_never_was_is_not_found(
    sendmux: Sendmux, domain: Json
) -> None:
    mailbox = await sendmux.mailbox(domain)
    other = await sendmux.mailbox(domain)
    (key,) = await sendmux.keys(mailbox)
    where = path(mailbox, key["public_id"])

    first, again = await sendmux.http.delete(where), await sendmux.http.delete(where)

    assert data_of(first) == data_of(again) == {"deleted": True, "id": key["public_id"]}
    assert await sendmux.keys(mailbox) == []
    for wrong in (path(other, key["public_id"]), path(mailbox, "smx_" + "0" * 32), path(mailbox, "key")):
        assert refused(await sendmux.http.delete(wrong)) == (404, "not_found")


async def test_a_key_needs_a_name_and_an_active_mailbox(sendmux: Sendmux, domain: Json) -> None:
    mailbox = await sendmux.mailbox(domain)

    unnamed = await sendmux.http.post(path(mailbox), json={})
    assert refused(unnamed) == (400, "missing_parameter")
    assert error_of(unnamed)["param"] == "app_name"
    for name in ("", "n" * 256, 5, None):
        assert refused(await sendmux.http.post(path(mailbox), json={"app_name": name}))[0] == 400
    await sendmux.http.post(f"{MAILBOXES}/{mailbox['id']}/suspend")
    suspended = await sendmux.http.post(path(mailbox), json={"app_name": "agent"})
    assert refused(suspended) == (422, "validation_error")
    await sendmux.http.post(f"{MAILBOXES}/{mailbox['id']}/resume")
    assert (await sendmux.http.post(path(mailbox), json={"app_name": "agent"})).status_code == 201


async def test_a_mailboxs_own_key_manages_nothing(
    stack: RunningStack, sendmux: Sendmux, domain: Json
) -> None:
    made = await sendmux.made(f"{fresh('own')}@{domain['domain']}")
    mailbox = made["mailbox"]

    async with caller(stack, made["api_key"]["key"]) as own:
        answers = [
            await own.http.get(MAILBOXES),
            await own.http.get(f"{MAILBOXES}/{mailbox['id']}"),
            await own.create(f"{fresh('more')}@{domain['domain']}"),
            await own.http.delete(f"{MAILBOXES}/{mailbox['id']}"),
            await own.http.post(path(mailbox), json={"app_name": "x"}),
            await own.http.get("/api/v1/domains"),
        ]
        assert {refused(answer) for answer in answers} == {(403, "insufficient_permissions")}

        await sendmux.http.delete(path(mailbox, made["api_key"]["public_id"]))
        assert refused(await own.http.get(MAILBOXES)) == (401, "authentication_required")
