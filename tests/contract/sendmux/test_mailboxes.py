"""Mailboxes once they are there: reading, listing, changing, stopping and deleting them."""

from __future__ import annotations

import pytest

from tests.contract.sendmux.driver import (
    ETAG,
    MAILBOXES,
    Json,
    Sendmux,
    data_of,
    effects,
    error_of,
    everywhere,
    fresh,
    keyed,
    login_works,
    refused,
)
from tests.support.simulator import Simulated

contract = pytest.mark.contract


def path(mailbox: Json, *more: str) -> str:
    """Return the path of a mailbox, or of something about it."""
    return "/".join((MAILBOXES, mailbox["id"], *more))


@contract("A48", "S4-39")
async def test_a_mailbox_reads_as_it_was_made_with_an_etag_that_saves_reading_it_again(
    sendmux: Sendmux, domain: Json
) -> None:
    mailbox = await sendmux.mailbox(domain)

    read = await sendmux.http.get(path(mailbox))
    again = await sendmux.http.get(path(mailbox), headers={"If-None-Match": read.headers["etag"]})
    any_version = await sendmux.http.get(path(mailbox), headers={"If-None-Match": "*"})
    other = await sendmux.http.get(path(mailbox), headers={"If-None-Match": 'W/"0123456789abcdef", "x"'})

    assert data_of(read) == mailbox
    assert ETAG.fullmatch(read.headers["etag"])
    for unchanged in (again, any_version):
        assert unchanged.status_code == 304
        assert unchanged.content == b""
        assert unchanged.headers["etag"] == read.headers["etag"]
        everywhere(unchanged)
    assert data_of(other) == mailbox


async def test_what_belongs_to_another_team_is_not_there(
    sendmux: Sendmux, stranger: Sendmux, domain: Json
) -> None:
    mailbox = await sendmux.mailbox(domain)
    (key,) = await sendmux.keys(mailbox)

    answers = [
        await stranger.http.get(path(mailbox)),
        await stranger.http.patch(path(mailbox), json={"display_name": "Mine"}),
        await stranger.http.delete(path(mailbox)),
        await stranger.http.post(path(mailbox, "suspend")),
        await stranger.http.post(path(mailbox, "resume")),
        await stranger.http.get(path(mailbox, "keys")),
        await stranger.http.post(path(mailbox, "keys"), json={"app_name": "mine"}),
        await stranger.http.delete(path(mailbox, "keys", key["public_id"])),
        await stranger.http.get(path(mailbox, "filters")),
        await stranger.http.put(path(mailbox, "filters"), json={"mode": "off", "rules": []}),
    ]

    assert {refused(answer) for answer in answers} == {(404, "not_found")}
    assert await sendmux.read(mailbox) == mailbox
    assert mailbox["id"] not in str((await stranger.http.get(MAILBOXES)).json())


async def test_the_list_is_newest_first_and_goes_on_at_its_cursor(sendmux: Sendmux, domain: Json) -> None:
    made = [await sendmux.mailbox(domain) for _ in range(3)]

    first = await sendmux.http.get(MAILBOXES, params={"limit": "2"})
    more = first.json()["pagination"]
    second = await sendmux.http.get(MAILBOXES, params={"limit": "1", "cursor": more["next_cursor"]})

    data_of(first)
    assert more["has_more"] is True
    assert first.json()["data"] == [made[2], made[1]]
    assert second.json()["data"] == [made[0]]


async def test_the_last_page_has_no_cursor_and_a_bad_page_is_refused(
    sendmux: Sendmux, stranger: Sendmux
) -> None:
    await stranger.made(f"{fresh('only')}@myagent.mx")

    last = (await stranger.http.get(MAILBOXES, params={"limit": "100"})).json()["pagination"]

    assert last == {"has_more": False}
    for name, value in (
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "x"),
        ("cursor", "x"),
        ("include_deleted", "yes"),
    ):
        answer = await sendmux.http.get(MAILBOXES, params={name: value})
        assert refused(answer) == (400, "invalid_parameter")
        assert error_of(answer)["param"] == name


async def test_a_change_is_made_to_the_fields_given_and_shown_with_a_new_etag(
    sendmux: Sendmux, domain: Json
) -> None:
    mailbox = await sendmux.mailbox(domain, display_name="Before", quota_bytes=5)
    before = (await sendmux.http.get(path(mailbox))).headers["etag"]
    scope = {"type": "group", "group_public_ids": ["dgrp_1"]}

    changed = await sendmux.http.patch(path(mailbox), json={"display_name": "After", "send_scope": scope})
    cleared = await sendmux.http.patch(path(mailbox), json={"display_name": None, "quota_bytes": 9})

    assert changed.status_code == 200
    assert data_of(changed) == {**mailbox, "display_name": "After", "send_scope": scope}
    assert data_of(cleared) == {**mailbox, "display_name": None, "send_scope": scope, "quota_bytes": 9}
    now = await sendmux.http.get(path(mailbox))
    assert now.headers["etag"] == cleared.headers["etag"]
    assert len({before, changed.headers["etag"], cleared.headers["etag"]}) == 3
    assert data_of(now) == data_of(cleared)


async def test_a_change_to_another_version_is_a_conflict_that_names_the_one_there_is(
    sendmux: Sendmux, domain: Json
) -> None:
    mailbox = await sendmux.mailbox(domain)
    stale = (await sendmux.http.get(path(mailbox))).headers["etag"]
    first = await sendmux.http.patch(
        path(mailbox), json={"display_name": "First"}, headers={"If-Match": stale}
    )

    second = await sendmux.http.patch(
        path(mailbox), json={"display_name": "Second"}, headers={"If-Match": stale}
    )

    assert first.status_code == 200
    assert refused(second) == (409, "conflict")
    assert second.headers["etag"] == first.headers["etag"]
    assert (await sendmux.read(mailbox))["display_name"] == "First"
    third = await sendmux.http.patch(
        path(mailbox), json={"display_name": "Third"}, headers={"If-Match": second.headers["etag"]}
    )
    assert data_of(third)["display_name"] == "Third"


async def test_a_repeated_change_gets_the_first_response_although_the_version_moved(
    sendmux: Sendmux, domain: Json
) -> None:
    mailbox = await sendmux.mailbox(domain)
    seen = (await sendmux.http.get(path(mailbox))).headers["etag"]
    headers = {**keyed(fresh("key")), "If-Match": seen}

    first = await sendmux.http.patch(path(mailbox), json={"display_name": "Once"}, headers=headers)
    again = await sendmux.http.patch(path(mailbox), json={"display_name": "Once"}, headers=headers)

    assert first.status_code == again.status_code == 200
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"] != seen


async def test_a_change_that_does_not_fit_is_refused(sendmux: Sendmux, domain: Json) -> None:
    mailbox = await sendmux.mailbox(domain)

    for body, answer in (
        ({"quota_bytes": 0}, (400, "invalid_parameter")),
        ({"quota_bytes": None}, (400, "invalid_parameter")),
        ({"display_name": ""}, (400, "invalid_parameter")),
        ({"email": "other@example.com"}, (400, "invalid_parameter")),
        ({"send_scope": {"type": "group"}}, (422, "validation_error")),
    ):
        assert refused(await sendmux.http.patch(path(mailbox), json=body)) == answer, body
    assert refused(await sendmux.http.patch(path(mailbox), json={}, headers={"If-Match": "x"})) == (
        400,
        "invalid_parameter",
    )
    assert data_of(await sendmux.http.patch(path(mailbox), json={})) == mailbox


@contract("S4-30")
async def test_a_mailbox_is_suspended_and_resumed_as_often_as_asked(sendmux: Sendmux, domain: Json) -> None:
    mailbox = await sendmux.mailbox(domain)

    for operation, status in (
        ("suspend", "suspended"),
        ("suspend", "suspended"),
        ("resume", "active"),
        ("resume", "active"),
    ):
        answer = await sendmux.http.post(path(mailbox, operation))
        assert answer.status_code == 200
        assert data_of(answer) == {**mailbox, "status": status}
        assert (await sendmux.read(mailbox))["status"] == status
    named = await sendmux.http.post(path(mailbox, "suspend"), json={"reason": "x"})
    inside = await sendmux.http.post(path(mailbox, "suspend"), json={"idempotency_key": "x"})
    assert refused(named) == (400, "invalid_parameter")
    assert refused(inside) == (422, "validation_error")


@contract("S4-30", "A62")
async def test_a_deleted_mailbox_is_gone_with_its_keys_and_its_address_stays_taken(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('gone')}@{domain['domain']}"
    made = await sendmux.made(email)
    mailbox, password = made["mailbox"], made["imap_smtp_credentials"]["password"]
    assert login_works(sim, password, email)

    deleted = await sendmux.http.delete(path(mailbox))
    again = await sendmux.http.delete(path(mailbox))

    assert deleted.status_code == again.status_code == 200
    assert data_of(deleted) == data_of(again) == {"deleted": True, "id": mailbox["id"]}
    assert not login_works(sim, password, email)
    happened = effects(sim, email)
    assert happened.count("inbox.deleted") == happened.count("inbox.created") == 1
    assert await sendmux.read(mailbox) == {**mailbox, "status": "deleted"}
    assert await sendmux.keys(mailbox) == []
    assert refused(await sendmux.create(email)) == (409, "conflict")
    listed = (await sendmux.http.get(MAILBOXES)).json()["data"]
    with_deleted = (await sendmux.http.get(MAILBOXES, params={"include_deleted": "true"})).json()["data"]
    assert mailbox["id"] not in {each["id"] for each in listed}
    assert {each["id"]: each["status"] for each in with_deleted}[mailbox["id"]] == "deleted"


async def test_nothing_can_be_done_with_a_deleted_mailbox(sendmux: Sendmux, domain: Json) -> None:
    mailbox = await sendmux.mailbox(domain)
    assert (await sendmux.http.delete(path(mailbox))).status_code == 200

    for answer in (
        await sendmux.http.patch(path(mailbox), json={"display_name": "x"}),
        await sendmux.http.post(path(mailbox, "suspend")),
        await sendmux.http.post(path(mailbox, "resume")),
        await sendmux.http.put(path(mailbox, "filters"), json={"mode": "off", "rules": []}),
    ):
        assert refused(answer) == (409, "conflict")
    key = await sendmux.http.post(path(mailbox, "keys"), json={"app_name": "x"})
    assert refused(key) == (422, "validation_error")


async def test_a_mailbox_is_deleted_while_it_is_being_made(
    sendmux: Sendmux, domain: Json, sim: Simulated
) -> None:
    email = f"{fresh('slow-inbox')}@{domain['domain']}"
    headers = keyed(fresh("key"))
    early = await sendmux.create(email, {**headers, "Prefer": "respond-async"})
    mailbox = data_of(early)["mailbox"]

    deleted = await sendmux.http.delete(path(mailbox))

    assert deleted.status_code == 200, deleted.text
    assert refused(await sendmux.create(email, headers)) == (409, "conflict")
    happened = effects(sim, email)
    assert happened.count("inbox.deleted") == happened.count("inbox.created")
