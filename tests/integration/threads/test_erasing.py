"""A client erases a thread: what was written in it goes, and nothing that is under way is lost sight of."""

from __future__ import annotations

import pytest

from tests.integration.threads.bench import HELLO, Bench


@pytest.mark.promise("I14")
async def test_everything_that_was_written_goes_and_an_empty_row_stays(bench: Bench) -> None:
    account = await bench.account()
    thread, _ = await bench.draft(account, participant_name="Ann")
    message, request = await bench.send(thread)
    await bench.change(thread, HELLO, ("text",))
    kept, _ = await bench.draft(account, "bob@example.com")

    erasure = await bench.erase(thread)

    assert (await bench.done(erasure))["needs"] == {"thread": 5}
    failed = await bench.answer(request)
    assert (failed["outcome"], failed["code"]) == ("failed", "thread_erased")
    facts = await bench.facts(thread)
    assert [fact.name for fact in facts[-2:]] == ["message_failed", "erased"]
    state = facts[-1].data["thread"]
    assert (state["status"], state["participant_email"], state["participant_name"]) == ("erased", None, None)
    row = await bench.row("message", message)
    assert (row["from_email"], row["to_email"], row["due_at"]) == ("", "", None)
    assert await bench.pieces() == 1
    assert await bench.sent_on(account) == 0
    again, request = await bench.draft(account, "ann@example.com")
    await bench.done(request)
    assert await bench.code(await bench.erase(thread)) == "thread_not_found"
    assert await bench.code(await bench.change(thread, participant_name="X")) == "thread_not_found"
    assert await bench.code((await bench.send(thread))[1]) == "thread_not_found"
    assert await bench.names(kept) == await bench.names(again) == ["drafted"]


async def test_a_thread_whose_message_is_being_sent_waits(bench: Bench) -> None:
    thread, _ = await bench.draft(await bench.account())
    message, _ = await bench.send(thread)
    await bench.pool.execute("update message set intent_at = now() where id = $1", message)

    request = await bench.erase(thread)

    assert await bench.code(request) == "message_under_way"
    assert await bench.names(thread) == ["drafted", "message_queued"]
    assert await bench.pieces() == 1
