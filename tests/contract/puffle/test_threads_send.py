"""Sending in a thread: what a mail needs, who may send it, how often, and what is shown of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from tests.contract.puffle.driver import Json, Puffle, error_of, faulty, fresh
from tests.contract.puffle.threads import (
    MESSAGE,
    THREAD,
    THREADS,
    change,
    draft,
    listed,
    mails,
    read,
    send,
    sender,
    somebody,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract


@contract("S3-5", "S3-6", "S3-21", "S3-37", "A30")
async def test_a_draft_is_sent_by_a_second_call(puffle: Puffle, ada: Json, sim: Simulated) -> None:
    to = somebody()
    thread = await draft(
        puffle, ada, participant_email=to, draft_subject="Compilers", draft_cc="bob@example.com"
    )

    answer = await send(puffle, thread, body_html="<p>May I ask you something?</p>")

    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"message", "thread"}
    message, after = answer.json()["message"], answer.json()["thread"]
    assert (set(message), set(after)) == (MESSAGE, THREAD)
    assert (message["direction"], message["status"], message["failure"]) == ("outbound", "sent", None)
    assert (message["from_email"], message["to_email"]) == (ada["email_address"], to)
    assert (message["subject"], message["cc"]) == ("Compilers", "bob@example.com")
    assert message["body_text"] == "May I ask you something?"
    assert (after["status"], after["inbox_state"], after["sent_count"]) == ("active", "sent_one_off", 1)
    assert (after["draft_subject"], after["draft_cc"]) == (None, None)
    assert after["last_message_at"] == message["sent_at"]
    assert len(mails(sim, message["message_id"])) == 1
    details = await read(puffle, thread)
    assert (details["messages"], details["thread"]) == ([message], after)
    assert after["id"] in await listed(puffle, view="sent")


@contract("S3-10", "S3-12", "S3-35", "S3-37", "A26")
async def test_recipient_and_sender_may_come_from_either_call(
    puffle: Puffle, ada: Json, sim: Simulated
) -> None:
    nobody_from_nobody = await draft(puffle, draft_subject="Later")
    answers = [await send(puffle, nobody_from_nobody)]
    answers.append(await send(puffle, nobody_from_nobody, account_id=ada["id"]))
    assert [(each.status_code, error_of(each)) for each in answers] == [
        (422, "account_missing"),
        (422, "participant_missing"),
    ]

    to = somebody()
    assert (await change(puffle, nobody_from_nobody, participant_email=to)).status_code == 200
    sent = await send(puffle, nobody_from_nobody, account_id=ada["id"])

    assert sent.status_code == 201, sent.text
    assert sent.json()["thread"]["account_id"] == ada["id"]
    assert len(mails(sim, sent.json()["message"]["message_id"])) == 1


async def test_a_new_mail_needs_a_text_and_a_subject(puffle: Puffle, ada: Json) -> None:
    thread = await draft(puffle, ada, participant_email=somebody(), participant_name="Grace")

    for fields in ({"body_text": ""}, {"body_text": None}, {"body_text": " "}, {"threading_mode": "loud"}):
        answer = await send(puffle, thread, **fields)
        assert (answer.status_code, error_of(answer)) == (400, "invalid_request"), fields
    unknown = await send(puffle, thread, to="bob@example.com")
    assert (unknown.status_code, error_of(unknown)) == (400, "unknown_field")
    nameless = await send(puffle, thread)
    assert (nameless.status_code, error_of(nameless)) == (422, "subject_missing")
    stray = await send(
        puffle,
        thread,
        subject="Files",
        attachments=[{"name": "a", "bucket": "b", "path": "c", "mime_type": "text/plain", "size": 1}],
    )
    assert (stray.status_code, error_of(stray)) == (400, "invalid_attachments")
    lonely = await send(puffle, thread, subject="Re", threading_mode="reply")
    assert (lonely.status_code, error_of(lonely)) == (422, "nothing_to_reply_to")
    assert (await send(puffle, thread, subject="Compilers")).status_code == 201


@contract("A24", "A27")
async def test_who_may_not_send_now_does_not(puffle: Puffle, domain: Json) -> None:
    warming = await puffle.account(fresh("warming"), domain)
    thread = await draft(puffle, participant_email=somebody(), draft_subject="Hi")

    early = await send(puffle, thread, account_id=warming["id"])
    assert (early.status_code, error_of(early), early.json()["status"]) == (
        422,
        "account_not_ready",
        warming["status"],
    )
    absent = await send(puffle, thread, account_id="0199aaaa-0000-7000-8000-00000000ffff")
    assert (absent.status_code, error_of(absent)) == (404, "not_found")


@contract("S3-19")
async def test_what_an_upload_answered_is_attached(puffle: Puffle, ada: Json) -> None:
    place = await draft(puffle, draft_subject="A place for files")
    upload = await puffle.http.post(
        f"{THREADS}/{place['id']}/attachments", files={"file": ("notes.txt", b"Notes on the engine.\n")}
    )
    assert upload.status_code == 201, upload.text
    attachment = upload.json()["attachment"]
    kept = {name: value for name, value in attachment.items() if name != "url"}

    thread = await draft(
        puffle, ada, participant_email=somebody(), draft_subject="Notes", draft_attachments=[attachment]
    )
    sent = await send(puffle, thread)

    assert thread["draft_attachments"] == [kept]
    assert sent.status_code == 201, sent.text
    assert sent.json()["message"]["attachments"] == [kept]
    lie = {**attachment, "name": "other.exe", "size": 1, "mime_type": "text/html"}
    told = await draft(puffle, draft_subject="Lies", draft_attachments=[lie])
    assert told["draft_attachments"] == [kept], "what was uploaded counts, not what is said of it"


async def test_an_archived_thread_sends_nothing(puffle: Puffle, ada: Json) -> None:
    thread = await draft(puffle, ada, participant_email=somebody(), draft_subject="Hi")
    await change(puffle, thread, status="archived")

    answer = await send(puffle, thread)

    assert (answer.status_code, error_of(answer)) == (422, "thread_not_sendable")
    assert answer.json()["status"] == "archived"


async def test_the_limit_of_a_day_holds_and_what_was_sent_today_is_told(
    puffle: Puffle, domain: Json, stack: RunningStack
) -> None:
    """No call sets a limit, so the owner's own row is made to say one mail."""
    account = await sender(puffle, domain, "limited")
    stats = (await puffle.http.get(f"/api/senders/{account['id']}")).json()["account"]["stats"]
    assert stats == {"today_sent": 0, "today_committed": 0}
    # A thread is drafted by who has heard of the account as we see it, so that nothing writes over the limit.
    first = await draft(puffle, account, participant_email=somebody(), draft_subject="One")
    second = await draft(puffle, account, participant_email=somebody(), draft_subject="Two")
    owner = await asyncpg.connect(stack.database_url)
    try:
        await owner.execute(
            "update threads.sender set account = jsonb_set(account, '{daily_limit}', '1') where account_id = $1",
            UUID(account["id"]),
        )
    finally:
        await owner.close()
    assert (await send(puffle, first)).status_code == 201

    key = {"Idempotency-Key": fresh("limited")}
    refused = await send(puffle, second, headers=key)

    assert (refused.status_code, error_of(refused)) == (429, "daily_limit_reached"), refused.text
    assert refused.json()["limit"] == 1
    resets_at = datetime.fromisoformat(refused.json()["resets_at"])
    now = datetime.now(UTC)
    assert now < resets_at <= now + timedelta(days=1)
    assert resets_at.timestamp() % 86_400 == 0
    assert abs(int(refused.headers["retry-after"]) - (resets_at - now).total_seconds()) < 60
    again = await send(puffle, second, headers=key)
    assert (again.status_code, "idempotent-replayed" in again.headers) == (429, False)
    stats = (await puffle.http.get(f"/api/senders/{account['id']}")).json()["account"]["stats"]
    assert stats == {"today_sent": 1, "today_committed": 0}


@pytest.mark.promise("R15", "R17")
async def test_a_send_that_is_repeated_sends_one_mail(puffle: Puffle, ada: Json, sim: Simulated) -> None:
    thread = await draft(puffle, ada, participant_email=somebody(), draft_subject="Once")
    key = {"Idempotency-Key": fresh("send")}

    impatient = await send(puffle, thread, headers={**key, "Prefer": "respond-async"})
    final = await send(puffle, thread, headers=key)
    again = await send(puffle, thread, headers=key)

    assert impatient.status_code in {201, 202}, impatient.text
    assert set(impatient.json()) == {"message", "thread"}
    assert impatient.json()["message"]["id"] == final.json()["message"]["id"]
    assert (final.status_code, again.content) == (201, final.content)
    assert len(mails(sim, final.json()["message"]["message_id"])) == 1


async def test_a_mail_that_is_on_its_way_is_shown_so(puffle: Puffle, ada: Json, sim: Simulated) -> None:
    thread = await draft(puffle, ada, participant_email=somebody(), draft_subject="Slow")
    with faulty(
        sim, "agentmail", "messages.send", "slow", delay_seconds=3, match=ada["email_address"], times=1
    ):
        answer = await send(puffle, thread, headers={"Prefer": "wait=1"})

    assert answer.status_code == 202, answer.text
    message = answer.json()["message"]
    assert (message["status"], message["subject"], message["sent_at"]) == ("queued", "Slow", None)
    assert message["body_text"] == "May I ask you something?"
    assert answer.headers["location"] == f"{THREADS}/{thread['id']}/messages"

    async def is_sent() -> bool:
        [shown] = (await read(puffle, thread))["messages"]
        return bool(shown["id"] == message["id"] and shown["status"] == "sent")

    await eventually(is_sent, within=20)


async def test_messages_are_paged_oldest_first(puffle: Puffle, ada: Json) -> None:
    thread = await draft(puffle, ada, participant_email=somebody(), draft_subject="Many")
    sent = [(await send(puffle, thread, body_text=f"Number {n}", subject="Many")).json() for n in range(3)]
    ids = [each["message"]["id"] for each in sent]

    pages = [
        (await puffle.http.get(f"{THREADS}/{thread['id']}/messages", params={"page": n, "limit": 2})).json()
        for n in (1, 2, 3)
    ]

    assert [[each["id"] for each in page["messages"]] for page in pages] == [ids[:2], ids[2:], []]
    assert [(page["total"], page["page"], page["limit"]) for page in pages] == [(3, n, 2) for n in (1, 2, 3)]
    for parameters in ({"limit": "201"}, {"limit": "0"}, {"page": "0"}, {"page": "x"}):
        odd = await puffle.http.get(f"{THREADS}/{thread['id']}/messages", params=parameters)
        assert (odd.status_code, error_of(odd)) == (400, "invalid_request")
