"""Drafting a thread: what a call may say, and what it answers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from uuid import UUID

import pytest

from tests.contract.puffle.driver import Json, Puffle, error_of, fresh
from tests.contract.puffle.threads import (
    NOBODY_ELSE,
    THREAD,
    THREADS,
    ask,
    change,
    draft,
    listed,
    read,
    send,
    somebody,
)
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract

NINE = {
    "participant_email", "account_id", "participant_name", "draft_subject", "draft_body_text", "draft_body_html",
    "draft_cc", "draft_bcc", "draft_attachments",
}  # fmt: skip


@contract("S3-1", "S3-4", "S3-5", "S3-21", "S3-22", "S3-23", "S3-24", "S3-25", "S3-26", "A7", "A28", "A29")
async def test_a_draft_is_answered_with_all_its_fields_and_nothing_is_sent(
    puffle: Puffle, ada: Json, sim: Simulated
) -> None:
    to, before = somebody(), len(sim.ledger("message.sent"))

    answer = await ask(
        puffle, ada, participant_email=to, participant_name="Grace", draft_subject="Hi", draft_body_text="…?"
    )

    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"thread", "existing_threads"}
    thread = answer.json()["thread"]
    assert set(thread) == THREAD
    assert answer.json()["existing_threads"] == NOBODY_ELSE
    assert UUID(thread["id"])
    assert answer.headers["location"] == f"{THREADS}/{thread['id']}"
    assert (thread["channel"], thread["status"], thread["inbox_state"]) == ("email", "draft", "draft")
    assert (thread["account_id"], thread["participant_email"], thread["participant_name"]) == (
        ada["id"],
        to,
        "Grace",
    )
    assert (thread["draft_subject"], thread["draft_body_text"]) == ("Hi", "…?")
    unset = ("draft_body_html", "draft_cc", "draft_bcc", "campaign_id", "last_message_at", "last_inbound_at")
    assert all(thread[field] is None for field in unset)
    assert thread["draft_attachments"] == []
    assert (await read(puffle, thread))["thread"] == thread
    assert thread["id"] in await listed(puffle, view="drafts")
    assert thread["id"] not in await listed(puffle)
    assert len(sim.ledger("message.sent")) == before


@contract("S3-2", "S3-13")
async def test_without_a_key_nothing_is_drafted_and_nothing_of_others_is_shown(
    puffle: Puffle, stranger: Puffle, nobody: Puffle
) -> None:
    mine = await draft(puffle, draft_subject="Mine")

    refused = await ask(nobody, draft_subject="Hi")
    foreign = await stranger.http.get(f"{THREADS}/{mine['id']}")

    assert (refused.status_code, error_of(refused)) == (401, "unauthorized")
    assert (foreign.status_code, error_of(foreign)) == (404, "not_found")
    assert mine["id"] not in await listed(stranger, view="drafts")
    for answer in (await change(stranger, mine, draft_subject="x"), await send(stranger, mine)):
        assert (answer.status_code, error_of(answer)) == (404, "not_found")


@contract("S3-7", "S3-8", "S3-9", "S3-18")
async def test_a_body_has_nine_fields_and_no_other(puffle: Puffle, stack: RunningStack) -> None:
    document = (await puffle.http.get("/openapi.json")).json()
    body = document["paths"][THREADS]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == NINE
    assert "outside campaigns" in document["paths"][THREADS]["post"]["description"]

    unknown = await ask(puffle, draft_subject="Hi", campaign_id="x")
    assert (unknown.status_code, error_of(unknown)) == (400, "unknown_field")
    for field in NINE - {"draft_attachments"}:
        for value in (7, ["grace@example.com"], {"a": 1}, True):
            answer = await puffle.http.post(THREADS, json={"draft_subject": "Hi", field: value})
            assert (answer.status_code, error_of(answer)) == (400, "invalid_request"), (field, value)
    listless = await ask(puffle, draft_subject="Hi", draft_attachments="a.txt")
    assert (listless.status_code, error_of(listless)) == (400, "invalid_request")


@contract("S3-10", "S3-12", "S3-20", "S3-35", "A23")
async def test_any_field_but_the_sender_makes_a_draft(puffle: Puffle, ada: Json) -> None:
    nothing: list[Json] = [
        {},
        {"account_id": ada["id"]},
        {"draft_subject": None, "participant_email": None},
        {"draft_subject": "", "draft_body_text": " "},
        {"draft_attachments": []},
    ]
    for fields in nothing:
        answer = await ask(puffle, **fields)
        assert (answer.status_code, error_of(answer)) == (400, "invalid_request"), fields

    for field in NINE - {"account_id", "draft_attachments"}:
        value = "grace@example.com" if field in {"participant_email", "draft_cc", "draft_bcc"} else "Hello"
        fields = {field: value}
        thread = await draft(puffle, **fields)
        assert (thread[field], thread["account_id"]) == (value, None)


@contract("S3-11", "S3-17", "S3-18")
async def test_the_recipient_is_kept_in_small_letters_and_lists_stay_text(puffle: Puffle) -> None:
    thread = await draft(
        puffle,
        participant_email="Grace.Hopper@Example.COM",
        participant_name="Grace Hopper",
        draft_cc='ada@example.com, "Babbage, Charles" <Charles@Example.com>',
        draft_bcc="mary@example.com",
    )

    assert thread["participant_email"] == "grace.hopper@example.com"
    assert thread["participant_name"] == "Grace Hopper"
    assert thread["draft_cc"] == 'ada@example.com, "Babbage, Charles" <Charles@example.com>'
    assert thread["draft_bcc"] == "mary@example.com"


@contract("S3-18")
@pytest.mark.parametrize("field", ["draft_cc", "draft_bcc"])
@pytest.mark.parametrize(
    "value",
    [
        "nobody",
        "a@example.com,,b@example.com",
        "a@example.com;b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "friends: a@example.com;",
        '"A <a@example.com>',
        "a@localhost",
        ", ".join(f"a{n}@example.com" for n in range(51)),
    ],
)
async def test_a_list_that_is_not_written_as_the_standard_has_it_is_refused(
    puffle: Puffle, field: str, value: str
) -> None:
    fields: Json = {field: value}
    answer = await ask(puffle, **fields)

    assert (answer.status_code, error_of(answer)) == (400, "invalid_request")
    assert field in answer.json()["error"]


async def test_no_control_character_gets_into_what_becomes_a_header(puffle: Puffle) -> None:
    for character in (*map(chr, range(0x20)), "\x7f", "\x85", "\u2028", "\u2029"):
        for field in ("participant_email", "participant_name", "draft_subject", "draft_cc", "draft_bcc"):
            fields: Json = {field: f"grace{character}@example.com"}
            answer = await ask(puffle, **fields)
            assert (answer.status_code, error_of(answer)) == (400, "invalid_request"), fields
    long = await ask(puffle, draft_subject="x" * 999)
    assert (long.status_code, error_of(long)) == (400, "invalid_request")
    assert (await ask(puffle, draft_subject="x" * 998)).status_code == 201


@contract("S3-26", "S3-38", "A30")
async def test_ids_have_the_names_of_all_pages(puffle: Puffle, ada: Json) -> None:
    thread = await draft(puffle, ada, participant_email=somebody(), draft_subject="Names")
    assert thread["user_id"] == ada["user_id"]

    message = (await send(puffle, thread)).json()["message"]

    assert message["conversation_id"] == message["thread_id"] == thread["id"]
    assert UUID(message["id"]) != UUID(thread["id"])
    assert not re.search(r"secret|credential|tenant", str(message) + str(thread))


@contract("S3-3")
async def test_the_command_line_drafts_as_well(puffle: Puffle, stack: RunningStack) -> None:
    to = somebody()
    flags = ("--participant-email", to, "--draft-subject", "Typed", "--data-dir", str(stack.data_dir))
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mailwright", "thread", "create", *flags),
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "MAILWRIGHT_API_URL": stack.base_url,
            "MAILWRIGHT_API_KEY": stack.keys["puffle"],
        },
    )
    printed, _ = await command.communicate()

    assert command.returncode == 0
    thread = json.loads(printed)["thread"]
    assert (thread["participant_email"], thread["draft_subject"]) == (to, "Typed")
    assert (await read(puffle, thread))["thread"] == thread


@pytest.mark.promise("R15")
async def test_a_repeated_draft_is_the_same_draft(puffle: Puffle) -> None:
    key = {"Idempotency-Key": fresh("draft")}

    first = await ask(puffle, headers=key, draft_subject="Once")
    again = await ask(puffle, headers=key, draft_subject="Once")
    other = await ask(puffle, headers=key, draft_subject="Twice")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, error_of(other)) == (422, "idempotency_mismatch")


async def test_a_call_that_does_not_wait_is_answered_with_the_draft_as_it_will_be(puffle: Puffle) -> None:
    answer = await ask(
        puffle, headers={"Prefer": "respond-async"}, participant_email=somebody(), draft_subject="Soon"
    )

    assert answer.status_code == 202, answer.text
    thread = answer.json()["thread"]
    assert set(thread) == THREAD
    assert (thread["status"], thread["draft_subject"]) == ("draft", "Soon")
    assert answer.headers["location"] == f"{THREADS}/{thread['id']}"
    assert (await read(puffle, thread))["thread"]["draft_subject"] == "Soon"


async def test_the_id_of_a_refused_draft_tells_why(puffle: Puffle, domain: Json) -> None:
    warming = await puffle.account(fresh("warming"), domain)
    key = {"Idempotency-Key": fresh("refused")}
    asked = await ask(puffle, warming, headers={**key, "Prefer": "respond-async"}, draft_subject="Hi")

    final = await ask(puffle, warming, headers=key, draft_subject="Hi")
    read_again = await puffle.http.get(asked.headers["location"])

    assert (final.status_code, final.json()["code"]) == (422, "account_not_ready")
    assert (read_again.status_code, error_of(read_again)) == (404, "not_found")
    assert read_again.json()["reason"] == "account_not_ready"
