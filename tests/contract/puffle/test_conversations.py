"""A correspondence goes both ways, with the provider's webhook and without it; warmup's mail keeps out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.db.pool import connect
from tests.contract.puffle.driver import Json, Puffle
from tests.contract.puffle.threads import (
    THREADS,
    ask,
    change,
    draft,
    listed,
    mails,
    read,
    send,
    somebody,
)
from tests.support.eventually import eventually
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract

ANY_STATUS = "draft,active,archived,warmup"
Nudge = Callable[[], Awaitable[None]]


async def shown(puffle: Puffle, to: str, nudge: Nudge, **expected: Any) -> Json:
    """Return a correspondence from a list, which reads nothing, once it is as expected."""

    async def is_so() -> Json | None:
        await nudge()
        answer = await puffle.http.get(THREADS, params={"participant_email": to, "status": ANY_STATUS})
        assert answer.status_code == 200, answer.text
        found = [each for each in answer.json()["threads"] if each.items() >= expected.items()]
        return found[0] if found else None

    found = await eventually(is_so, within=30, what=f"{to} shows {expected}")
    assert found
    return found


def arrive(sim: Simulated, ada: Json, sender: str, **mail: Any) -> str:
    """Let a mail arrive and return its Message-ID."""
    body = {"to": ada["email_address"], "from": sender, "subject": "Re: Engines", "text": "Gladly.", **mail}
    arrived = sim.post("/_sim/inbound", body)
    assert arrived.status_code == 201, arrived.text
    return str(arrived.json()["message_id"])


async def correspond(puffle: Puffle, sim: Simulated, ada: Json, nudge: Nudge) -> None:
    """Draft, send, be answered, answer, be answered again, archive, and be written to after that."""
    to = somebody()
    thread = await draft(puffle, ada, participant_email=to.upper(), draft_subject="Engines")
    assert thread["inbox_state"] == "draft"
    first = (await send(puffle, thread)).json()["message"]
    assert len(mails(sim, first["message_id"])) == 1
    assert (await shown(puffle, to, nudge, status="active"))["inbox_state"] == "sent_one_off"

    asked = arrive(sim, ada, f"Grace <{to}>", in_reply_to=first["message_id"])
    answered = await shown(puffle, to, nudge, inbox_state="needs_reply")
    assert (answered["id"], answered["received_count"], answered["unread_count"]) == (thread["id"], 1, 1)
    details = await read(puffle, thread)
    assert [each["body_text"] for each in details["messages"]][-1] == "Gladly."
    assert details["messages"][-1]["in_reply_to"] == first["message_id"]
    assert (await shown(puffle, to, nudge, unread_count=0))["inbox_state"] == "needs_reply"

    reply = (await send(puffle, thread, body_text="Tuesday, then.")).json()["message"]
    assert (reply["threading_mode"], reply["in_reply_to"]) == ("reply", asked)
    (mail,) = [each for each in provider_mail(sim) if each["message_id"] == reply["message_id"]]
    assert (mail["in_reply_to"], mail["subject"]) == (asked, "Re: Engines")
    assert mail["references"][-2:] == [first["message_id"], asked]
    assert (await shown(puffle, to, nudge, sent_count=2))["inbox_state"] == "active_thread"

    arrive(sim, ada, to, subject="Another thing", text="By the way.")
    await shown(puffle, to, nudge, received_count=2, inbox_state="needs_reply", unread_count=1)
    assert (await change(puffle, thread, status="archived")).status_code == 200
    arrive(sim, ada, to, in_reply_to=reply["message_id"])
    put_away = await shown(puffle, to, nudge, received_count=3)
    assert (put_away["status"], put_away["inbox_state"], put_away["unread_count"]) == (
        "archived",
        "archived",
        2,
    )
    assert thread["id"] in await listed(puffle, view="archived")
    assert thread["id"] not in await listed(puffle)


def provider_mail(sim: Simulated) -> list[Json]:
    """Every mail the provider has, as it left or arrived."""
    return list(sim.http.get("/_sim/state").json()["agentmail"]["messages"])


@contract("S3-4", "S3-5", "S3-6", "S3-11", "S3-24", "S3-37")
async def test_a_conversation_goes_both_ways_by_webhook(puffle: Puffle, sim: Simulated, ada: Json) -> None:
    async def nothing() -> None:
        """The webhook comes by itself."""

    await correspond(puffle, sim, ada, nothing)


@contract("S3-6", "S3-37")
async def test_without_the_webhook_the_poller_alone_carries_it(
    puffle: Puffle, sim: Simulated, ada: Json, stack: RunningStack
) -> None:
    async with cut_off(sim), hurrying(stack, ada) as hurry:
        await correspond(puffle, sim, ada, hurry)


@contract("S3-31")
async def test_warmup_mail_is_no_correspondence(puffle: Puffle, sim: Simulated, ada: Json) -> None:
    to = somebody("warm")
    tag = sim.account(ada["email_address"])["warmup_custom_ftag"]
    arrive(sim, ada, to, subject=f"Coffee? | {tag}")

    async def nothing() -> None:
        """The webhook comes by itself."""

    warm = await shown(puffle, to, nothing, status="warmup")
    assert warm["inbox_state"] == "warmup"
    assert warm["id"] not in await listed(puffle)
    drafted = await ask(puffle, ada, participant_email=to, draft_subject="Engines")
    assert drafted.status_code == 201, drafted.text
    arrive(sim, ada, to, subject="A real question")
    await shown(puffle, to, nothing, id=drafted.json()["thread"]["id"], received_count=1)


@asynccontextmanager
async def cut_off(sim: Simulated) -> AsyncIterator[None]:
    """Let the provider report nothing for the length of the block."""
    (hook,) = sim.http.get("/agentmail/v0/webhooks").json()["webhooks"]
    path = f"/agentmail/v0/webhooks/{hook['webhook_id']}"
    sim.http.patch(path, json={"enabled": False}).raise_for_status()
    try:
        yield
    finally:
        sim.http.patch(path, json={"enabled": True}).raise_for_status()


@asynccontextmanager
async def hurrying(stack: RunningStack, account: Json) -> AsyncIterator[Nudge]:
    """Give a way to let an account's inbox be looked through now instead of in some minutes."""
    connection = await connect(
        stack.database_url, schema="threads", role="mailwright_threads", application="test"
    )

    async def hurry() -> None:
        await connection.execute("update poll set due_at = now() where account_id = $1", account["id"])

    try:
        yield hurry
    finally:
        await connection.close()
