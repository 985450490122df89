"""Reading, listing, changing and erasing threads."""

from __future__ import annotations

import pytest

from tests.contract.puffle.driver import GONE, Json, Puffle, error_of, fresh
from tests.contract.puffle.threads import (
    MESSAGE,
    THREAD,
    THREADS,
    ask,
    change,
    draft,
    listed,
    read,
    send,
    sender,
    somebody,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated

contract = pytest.mark.contract


async def answered(puffle: Puffle, ada: Json, sim: Simulated, subject: str = "Compilers") -> Json:
    """Return a thread whose recipient has answered."""
    to = somebody()
    thread = await draft(puffle, ada, participant_email=to, participant_name="Grace", draft_subject=subject)
    message = (await send(puffle, thread)).json()["message"]
    sim.post(
        "/_sim/inbound",
        {
            "to": ada["email_address"],
            "from": to,
            "subject": f"Re: {subject}",
            "text": "Of course.",
            "in_reply_to": message["message_id"],
        },
    )

    async def is_there() -> Json | None:
        answer = await puffle.http.get(THREADS, params={"participant_email": to})
        return next(iter(answer.json()["threads"]), None)

    found = await eventually(is_there, within=30, what="the answer arrives")
    assert found
    return dict(found)


async def test_mail_that_arrives_is_unread_until_its_thread_is_read(
    puffle: Puffle, ada: Json, sim: Simulated
) -> None:
    thread = await answered(puffle, ada, sim)
    assert (thread["status"], thread["inbox_state"]) == ("active", "needs_reply")
    assert (thread["received_count"], thread["unread_count"]) == (1, 1)
    assert thread["id"] in await listed(puffle, view="unread")
    messages = (await puffle.http.get(f"{THREADS}/{thread['id']}/messages")).json()["messages"]
    assert [each["direction"] for each in messages] == ["outbound", "inbound"]
    assert thread["id"] in await listed(puffle, unread="true")

    details = await read(puffle, thread)

    assert set(details) == {
        "thread", "messages", "participantDetails", "senderDisconnected", "senderAccount",
    }  # fmt: skip
    assert (set(details["thread"]), {frozenset(each) for each in details["messages"]}) == (
        THREAD,
        {frozenset(MESSAGE)},
    )
    assert [each["body_text"] for each in details["messages"]] == ["May I ask you something?", "Of course."]
    assert details["participantDetails"] == {
        "email": thread["participant_email"],
        "name": "Grace",
        "suppression": None,
    }
    assert (details["senderDisconnected"], details["senderAccount"]["id"]) == (False, ada["id"])
    assert details["thread"]["unread_count"] == 0
    assert thread["id"] not in await listed(puffle, unread="true")
    assert thread["id"] in await listed(puffle)

    for asked, shown in ((1, 1), (7, 1), (0, 0)):
        marked = await change(puffle, thread, unread_count=asked)
        assert (marked.status_code, marked.json()["thread"]["unread_count"]) == (200, shown)


async def test_lists_are_filtered_by_every_word_they_know(puffle: Puffle, ada: Json, sim: Simulated) -> None:
    word = fresh("needle").replace("-", "")
    sent = await draft(puffle, ada, participant_email=somebody(), draft_subject=f"About {word}")
    await send(puffle, sent)
    inbound = await answered(puffle, ada, sim, subject=f"An answer about {word}")
    drafted = await draft(puffle, ada, participant_name=f"Grace {word}")
    archived = await draft(puffle, participant_email=f"{word}@elsewhere.example")
    await change(puffle, archived, status="archived")
    ids = {
        "sent": sent["id"], "inbox": inbound["id"], "drafts": drafted["id"], "archived": archived["id"],
    }  # fmt: skip

    async def found(**parameters: str) -> set[str]:
        shown = await listed(puffle, search=word.upper(), **parameters)
        return {name for name, id in ids.items() if id in shown}  # noqa: A001

    assert await found() == {"inbox"}
    assert await found(view="sent,drafts") == {"sent", "drafts"}
    assert await found(view="inbox") == await found(view="needs_reply") == {"inbox"}
    assert await found(view="archived") == await found(status="archived") == {"archived"}
    assert await found(view="bounced") == await found(bounced="true") == set()
    assert await found(bounced="false") == set(ids)
    assert await found(inbox_state="sent_one_off,draft") == {"sent", "drafts"}
    assert await found(status="draft,active") == {"sent", "inbox", "drafts"}
    assert await found(status="active", channel="email") == {"sent", "inbox"}
    assert await found(status="active", channel="linkedin") == set()
    for name in ("sender_id", "account_id"):
        assert await found(bounced="false", **{name: ada["id"]}) == {"sent", "inbox", "drafts"}
    assert await found(bounced="false", campaign_id=ada["id"]) == set()
    assert await found(bounced="false", participant_email=sent["participant_email"].upper()) == {"sent"}
    assert await found(bounced="false", exclude_thread_id=sent["id"]) == {"inbox", "drafts", "archived"}
    assert await listed(puffle, bounced="false", search="100%_") == []


async def test_lists_come_in_pages_the_last_active_first(puffle: Puffle, ada: Json) -> None:
    word = fresh("page").replace("-", "")
    made = [(await draft(puffle, participant_name=f"{word} {n}"))["id"] for n in range(3)]

    pages = [
        (
            await puffle.http.get(
                THREADS,
                params={"view": "drafts", "search": word, "page": n, "limit": 2, "include": "filter_options"},
            )
        ).json()
        for n in (1, 2)
    ]

    assert [each["id"] for page in pages for each in page["threads"]] == made[::-1]
    assert [(page["total"], page["page"], page["limit"]) for page in pages] == [(3, 1, 2), (3, 2, 2)]
    options = pages[0]["filter_options"]
    assert {"id": ada["id"], "email_address": ada["email_address"]} in options["senders"]
    assert {"senders", "campaigns", "channels", "statuses", "inbox_states", "views"} == set(options)
    for parameters in (
        {"view": "everything"}, {"inbox_state": "odd"}, {"status": "erased"}, {"channel": "fax"}, {"unread": "1"},
        {"limit": "101"}, {"page": "-1"}, {"sender_id": "ada"}, {"include": "all"}, {"search": "a\x00b"},
        {"correspondence": "true"}, {"correspondence": "yes"},
    ):  # fmt: skip
        odd = await puffle.http.get(THREADS, params=parameters)
        assert (odd.status_code, error_of(odd)) == (400, "invalid_request"), parameters


async def test_a_draft_is_rewritten_field_by_field(puffle: Puffle, ada: Json) -> None:
    thread = await draft(puffle, participant_email=somebody(), draft_subject="One", draft_body_text="Text")

    changed = await change(
        puffle,
        thread,
        account_id=ada["id"],
        participant_name="Grace",
        draft_subject="Two",
        draft_body_text=None,
    )

    assert changed.status_code == 200, changed.text
    after = changed.json()["thread"]
    assert (after["account_id"], after["participant_name"]) == (ada["id"], "Grace")
    assert (after["draft_subject"], after["draft_body_text"]) == ("Two", None)
    assert after["participant_email"] == thread["participant_email"]
    cleared = (await change(puffle, thread, account_id=None, participant_name=None)).json()["thread"]
    assert (cleared["account_id"], cleared["participant_name"]) == (None, None)
    ignored = await change(puffle, thread, status="warmup", draft_subject="Three")
    assert (ignored.json()["thread"]["status"], ignored.json()["thread"]["draft_subject"]) == (
        "draft",
        "Three",
    )
    nothing: list[Json] = [{}, {"status": "warmup"}, {"unread_count": -1}, {"unread_count": "1"}, {"x": 1}]
    for fields in nothing:
        refused = await change(puffle, thread, **fields)
        assert (refused.status_code, error_of(refused)) in {(400, "invalid_request"), (400, "unknown_field")}


async def test_an_erased_thread_is_gone_with_everything_written_in_it(puffle: Puffle, ada: Json) -> None:
    to, word = somebody(), fresh("secret").replace("-", "")
    key = {"Idempotency-Key": fresh("erased")}
    thread = (
        await ask(puffle, ada, headers=key, participant_email=to, draft_subject=word, draft_body_text=word)
    ).json()["thread"]
    await send(puffle, thread, body_text=word)

    erased = await puffle.http.delete(f"{THREADS}/{thread['id']}")

    assert (erased.status_code, erased.json()) == (200, GONE), erased.text
    for path in ("", "/messages"):
        gone = await puffle.http.get(f"{THREADS}/{thread['id']}{path}")
        assert (gone.status_code, error_of(gone)) == (404, "not_found")
    assert await listed(puffle, bounced="false", search=word) == []
    lookup = await puffle.http.get(THREADS, params={"correspondence": "true", "participant_email": to})
    assert lookup.json() == {"exists": False, "total": 0, "threads": []}
    again = await ask(
        puffle, ada, headers=key, participant_email=to, draft_subject=word, draft_body_text=word
    )
    assert again.status_code == 201
    assert again.json()["thread"]["id"] != thread["id"], "the stored answer was erased as well"
    twice = await puffle.http.delete(f"{THREADS}/{thread['id']}")
    assert (twice.status_code, error_of(twice)) == (404, "not_found")


async def test_a_thread_shows_that_its_sender_is_gone(puffle: Puffle, domain: Json) -> None:
    account = await sender(puffle, domain, "leaving")
    thread = await draft(puffle, account, participant_email=somebody(), draft_subject="Hi")
    assert (await puffle.delete(account["id"])).status_code == 200

    details = await read(puffle, thread)

    assert (details["senderDisconnected"], details["senderAccount"]) == (True, None)
    assert details["thread"]["account_id"] == account["id"]


async def test_who_bounced_gets_no_more_until_a_client_allows_it(
    puffle: Puffle, stranger: Puffle, ada: Json, sim: Simulated
) -> None:
    to = somebody()
    thread = await draft(puffle, ada, participant_email=to, draft_subject="Hi")
    message = (await send(puffle, thread)).json()["message"]
    sim.post("/_sim/bounce", {"message_id": message["message_id"]})

    async def is_held_back() -> Json | None:
        found = (await puffle.http.get("/api/suppressions")).json()["suppressions"]
        return next((each for each in found if each["address"] == to), None)

    async def has_bounced() -> Json | None:
        details = await read(puffle, thread)
        return details if details["thread"]["bounced"] else None

    held_back = await eventually(is_held_back, within=30, what="nothing more goes to who bounced")
    details = await eventually(has_bounced, within=30, what="the thread has bounced")
    assert held_back
    assert details
    assert (held_back["reason"], held_back["message_id"]) == ("bounced", message["id"])
    assert details["messages"][0]["status"] == "bounced"
    assert details["participantDetails"]["suppression"] == held_back
    assert thread["id"] in await listed(puffle, view="bounced")
    refused = await send(puffle, thread, subject="Again")
    assert (refused.status_code, error_of(refused)) == (422, "recipient_suppressed")
    assert {name: refused.json()[name] for name in ("address", "reason")} == {
        "address": to,
        "reason": "bounced",
    }
    assert (await stranger.http.get("/api/suppressions")).json()["suppressions"] == []

    path = f"/api/suppressions/{to.upper()}"
    assert (await stranger.http.delete(path)).status_code == 404
    lifted = await puffle.http.delete(path)
    assert (lifted.status_code, lifted.json()) == (200, GONE), lifted.text
    assert (await puffle.http.delete(path)).status_code == 404
    assert (await send(puffle, thread, subject="Again")).status_code == 201
