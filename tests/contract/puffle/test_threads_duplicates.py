"""One sender has one open thread with one recipient: what is in the way of another, and what is not."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from tests.contract.puffle.driver import Json, Puffle, error_of
from tests.contract.puffle.threads import SUMMARY, THREAD, ask, change, draft, send, sender, somebody
from tests.support.stack import RunningStack

contract = pytest.mark.contract


@pytest.fixture(scope="module")
async def bob(puffle: Puffle, domain: Json) -> Json:
    """Another one."""
    return await sender(puffle, domain, "bob")


def in_the_way(answer: httpx.Response) -> Json:
    """Return the thread that a 409 names, after checking everything it says (S3-28)."""
    assert (answer.status_code, error_of(answer)) == (409, "thread_exists"), answer.text
    body = answer.json()
    assert set(body["existing_thread"]) == THREAD
    others = body["existing_threads"]
    assert others["exists"] is True
    assert others["total"] == len(others["threads"]) >= 1
    assert all(set(each) == SUMMARY for each in others["threads"])
    assert body["existing_thread"]["id"] in [each["id"] for each in others["threads"]]
    return dict(body["existing_thread"])


@contract("S3-27", "S3-28", "S3-34", "A25", "A55")
async def test_a_thread_is_in_the_way_from_its_draft_on(puffle: Puffle, ada: Json) -> None:
    to = somebody()
    first = await draft(puffle, ada, participant_email=to, draft_subject="First")

    assert in_the_way(await ask(puffle, ada, participant_email=to, draft_subject="Second")) == first
    assert (
        in_the_way(await ask(puffle, ada, participant_email=to.upper(), draft_subject="x"))["id"]
        == first["id"]
    )

    assert (await send(puffle, first)).status_code == 201
    active = in_the_way(await ask(puffle, ada, participant_email=to, draft_subject="Third"))
    assert (active["id"], active["status"]) == (first["id"], "active")


@contract("S3-29")
async def test_the_way_on_from_a_409_is_to_send_in_the_thread_it_names(puffle: Puffle, ada: Json) -> None:
    to = somebody()
    await draft(puffle, ada, participant_email=to, draft_subject="First")

    existing = in_the_way(await ask(puffle, ada, participant_email=to, draft_subject="Second"))
    sent = await send(puffle, existing)

    assert sent.status_code == 201, sent.text
    assert sent.json()["message"]["to_email"] == to


@contract("S3-30")
async def test_an_archived_thread_is_not_in_the_way(puffle: Puffle, ada: Json) -> None:
    to = somebody()
    first = await draft(puffle, ada, participant_email=to, draft_subject="First")
    assert (await change(puffle, first, status="archived")).status_code == 200

    answer = await ask(puffle, ada, participant_email=to, draft_subject="Second")

    assert answer.status_code == 201, answer.text
    assert [each["id"] for each in answer.json()["existing_threads"]["threads"]] == [first["id"]]
    back = await change(puffle, first, status="active")
    assert in_the_way(back)["id"] == answer.json()["thread"]["id"]


@contract("S3-31", "S3-32")
@pytest.mark.parametrize(("channel", "status"), [("email", "warmup"), ("linkedin", "active")])
async def test_a_warmup_thread_and_one_of_another_channel_are_not_in_the_way(
    puffle: Puffle, ada: Json, stack: RunningStack, channel: str, status: str
) -> None:
    """No call makes one, so the owner's own row is made to be one."""
    to = somebody()
    first = await draft(puffle, ada, participant_email=to, draft_subject="First")
    owner = await asyncpg.connect(stack.database_url)
    try:
        await owner.execute(
            "update threads.thread set channel = $2, status = $3 where id = $1",
            UUID(first["id"]),
            channel,
            status,
        )
        second = await ask(puffle, ada, participant_email=to, draft_subject="Second")
        assert second.status_code == 201, second.text
        third = await ask(puffle, ada, participant_email=to, draft_subject="Third")
        assert in_the_way(third)["id"] == second.json()["thread"]["id"]
    finally:
        await owner.execute("update threads.thread set status = 'archived' where id = $1", UUID(first["id"]))
        await owner.close()


@contract("S3-33", "A28")
async def test_the_thread_of_another_sender_is_told_of_and_not_in_the_way(
    puffle: Puffle, ada: Json, bob: Json
) -> None:
    to = somebody()
    first = await draft(puffle, ada, participant_email=to, draft_subject="Between us")

    answer = await ask(puffle, bob, participant_email=to, draft_subject="Second")

    assert answer.status_code == 201, answer.text
    others = answer.json()["existing_threads"]
    assert (others["exists"], others["total"]) == (True, 1)
    assert others["threads"] == [{field: first[field] for field in SUMMARY}]
    lookup = await puffle.http.get(
        "/api/threads",
        params={
            "correspondence": "true",
            "participant_email": to.upper(),
            "exclude_thread_id": answer.json()["thread"]["id"],
        },
    )
    assert lookup.json() == others


@contract("S3-35", "A26")
async def test_without_a_sender_nothing_is_in_the_way_until_there_is_one(puffle: Puffle, ada: Json) -> None:
    to = somebody()
    taken = await draft(puffle, ada, participant_email=to, draft_subject="First")
    drafts = [await draft(puffle, participant_email=to, draft_subject="Second") for _ in range(2)]

    chosen = await change(puffle, drafts[0], account_id=ada["id"])
    sent = await send(puffle, drafts[1], account_id=ada["id"])

    for answer in (chosen, sent):
        assert in_the_way(answer)["id"] == taken["id"]
    other = await draft(puffle, ada, participant_email=somebody(), draft_subject="Third")
    assert in_the_way(await change(puffle, other, participant_email=to))["id"] == taken["id"]


@contract("S3-36")
@pytest.mark.promise("R16")
async def test_of_many_at_once_one_is_made(puffle: Puffle, ada: Json) -> None:
    to = somebody()

    answers = await asyncio.gather(
        *(
            ask(puffle, ada, participant_email=to if number % 2 else to.upper(), draft_subject=str(uuid4()))
            for number in range(20)
        )
    )

    made = [each for each in answers if each.status_code == 201]
    assert len(made) == 1
    thread_id = made[0].json()["thread"]["id"]
    assert {in_the_way(each)["id"] for each in answers if each is not made[0]} == {thread_id}
