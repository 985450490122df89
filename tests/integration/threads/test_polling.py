"""Inboxes are looked through for mail that no webhook brought: from a durable cursor, in turn, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from prometheus_client import REGISTRY

from services.threads.handlers import poll_inboxes
from shared.contracts.accounts import AccountDeleted, AccountReserved, AccountStatus
from shared.contracts.requests import Dialect
from shared.observability.failpoints import FailPointRaised
from tests.integration.threads.bench import Bench
from tests.integration.threads.inbox import INBOX, PACE, TAG, Inbox
from tests.integration.threads.post_office import PostOffice


async def due_in(inbox: Inbox) -> float:
    """Seconds until the inbox is looked through again."""
    due_at = await inbox.pool.fetchval("select due_at from poll")
    return float((due_at - inbox.bench.clock.now()).total_seconds())


async def test_mail_that_nobody_reported_is_found_and_joins_its_thread(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    mail = inbox.arrive("Ann Lee <ann@example.com>", subject="Hello", text="Hi Sam")
    inbox.arrive("ann@example.com", subject=f"notes | {TAG}")

    assert await inbox.poll() == 1
    assert await inbox.work() == 2

    thread, warm = sorted(await inbox.threads(), key=lambda each: str(each["status"]))
    assert (thread["status"], warm["status"]) == ("active", "warmup")
    (message,) = await inbox.messages(thread["id"])
    assert message["provider_message_id"] == mail["message_id"]
    content = await bench.content(message["content_ref"])
    assert content is not None
    assert (content.subject, content.text) == ("Hello", "Hi Sam")
    (fact,) = await bench.facts(thread["id"])
    assert fact.causation_id is None


async def test_webhook_and_poller_together_keep_a_mail_once(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    first, second = inbox.arrive(), inbox.arrive()
    await inbox.report("message.received", {"message": first})
    await inbox.poll()
    await inbox.work()
    await inbox.report("message.received", {"message": second})
    await inbox.work()
    bench.clock.pass_(minutes=10)
    await inbox.poll()

    assert await inbox.work() == 0
    (thread,) = await inbox.threads()
    assert thread["received"] == 2


async def test_what_left_is_not_taken_for_mail_that_arrived(
    bench: Bench, office: PostOffice, inbox: Inbox
) -> None:
    await office.queued()
    await office.work()

    await inbox.poll()

    assert await inbox.work() == 0


async def test_the_cursor_moves_with_each_page_and_never_back(
    bench: Bench, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll_inboxes, "PAGE", 2)
    monkeypatch.setattr(poll_inboxes, "MOST_PAGES", 2)
    monkeypatch.setattr(poll_inboxes, "OVERLAP", timedelta(0))
    await bench.account()
    mails = [inbox.arrive(f"p{n}@example.com") for n in range(7)]
    bench.clock.pass_(minutes=1)  # more than it took them to arrive

    cursors = []
    for _ in range(4):
        await inbox.poll()
        cursors.append(await inbox.pool.fetchval("select seen_until from poll"))

    assert cursors == sorted(cursors)
    assert cursors[0] < cursors[-1]
    assert cursors[-1].isoformat() == mails[-1]["timestamp"].replace("Z", "000+00:00")
    assert await inbox.work() == 7


async def test_an_account_is_looked_through_from_its_first_day_until_it_goes_away(
    bench: Bench, inbox: Inbox
) -> None:
    account_id = await bench.account(
        status=AccountStatus.RESERVED, inbox_id=None, fact=AccountReserved, warmup=None
    )
    assert await inbox.poll() == 0

    await bench.account(account_id=account_id, version=2)
    assert await inbox.poll() == 1
    await bench.account(account_id=account_id, version=3, status=AccountStatus.DELETED, fact=AccountDeleted)

    assert await inbox.pool.fetchval("select count(*) from poll") == 0


@pytest.mark.parametrize("dialect", [Dialect.SENDMUX, Dialect.MYAGENTMAIL])
async def test_other_dialects_inboxes_are_left_alone(bench: Bench, inbox: Inbox, dialect: Dialect) -> None:
    await bench.account(dialect=dialect)

    assert await inbox.poll() == 0


async def test_while_the_webhook_brings_mail_it_is_looked_for_seldom(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    await inbox.poll()
    assert await due_in(inbox) == PACE.alone, "a webhook that never brought anything is not trusted"

    await inbox.register(inbox.registering())
    bench.clock.pass_(seconds=PACE.alone)
    await inbox.mail()
    await inbox.poll()

    assert await due_in(inbox) == PACE.beside_webhooks


async def test_mail_that_the_webhook_missed_makes_everybody_look_soon(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    await inbox.register(inbox.registering())
    await inbox.mail()
    await inbox.poll()
    await inbox.pool.execute(
        """
        insert into poll (account_id, inbox_id, seen_until, due_at)
        select gen_random_uuid(), n || '@myagentmail.com', now(), $1 from generate_series(1, 50) n
        """,
        bench.clock.now() + timedelta(seconds=PACE.beside_webhooks),
    )
    inbox.arrive()

    bench.clock.pass_(seconds=PACE.beside_webhooks)
    await inbox.pool.execute(
        "update poll set due_at = due_at + interval '5 minutes' where inbox_id <> $1", INBOX
    )
    await inbox.poll()

    assert await inbox.work() == 1
    due = await inbox.pool.fetch("select due_at from poll")
    soon = {(row["due_at"] - bench.clock.now()).total_seconds() for row in due}
    assert max(soon) <= PACE.alone
    assert len(soon) > 40, "spread, not all at once"
    bench.clock.pass_(seconds=PACE.alone)
    await inbox.mail()
    await inbox.pool.execute("delete from poll where inbox_id <> $1", INBOX)
    await inbox.poll()
    assert await due_in(inbox) == PACE.beside_webhooks, "it brings mail again"


async def test_after_a_long_pause_no_more_are_looked_through_at_once_than_ever(
    bench: Bench, inbox: Inbox
) -> None:
    await inbox.pool.execute(
        """
        insert into poll (account_id, inbox_id, seen_until, due_at)
        select gen_random_uuid(), n || '@myagentmail.com', now(), $1 from generate_series(1, 20) n
        """,
        bench.clock.now() - timedelta(days=3),
    )

    claimed = await inbox.polls.claim(4)

    assert len(claimed) == 4
    assert len(await inbox.polls.claim(4)) == 4
    assert not {each.account_id for each in claimed} & {
        each.account_id for each in await inbox.polls.claim(4)
    }


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "status", "status": 404}])
async def test_trouble_is_met_with_patience(bench: Bench, inbox: Inbox, fault: dict[str, Any]) -> None:
    await bench.account()
    inbox.arrive()
    inbox.simulator.fault("agentmail", "messages.list", times=2, **fault)

    await inbox.poll()
    first = await due_in(inbox)
    bench.clock.pass_(seconds=first)
    await inbox.poll()
    second = await due_in(inbox)
    bench.clock.pass_(seconds=second)
    await inbox.poll()

    assert (first, second) == (PACE.alone, 2 * PACE.alone)
    assert await inbox.work() == 1


@pytest.mark.parametrize("point", ["after_call", "before_commit"])
async def test_a_crash_while_looking_loses_nothing(
    bench: Bench, inbox: Inbox, arm: Callable[[str], None], point: str
) -> None:
    await bench.account()
    inbox.arrive()
    arm(f"threads.poll.{point}")

    with pytest.raises(FailPointRaised):
        await inbox.poll()
    assert await inbox.work() == 0
    await inbox.pool.execute("update poll set leased_until = '-infinity'")
    await inbox.poll()

    assert await inbox.work() == 1


async def test_a_poller_that_lost_its_lease_changes_nothing(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    inbox.arrive()
    (slow,) = await inbox.polls.claim(1)
    await inbox.pool.execute("update poll set leased_until = '-infinity'")
    (quick,) = await inbox.polls.claim(1)

    await inbox.polls.run(slow)
    assert await inbox.work() == 0
    await inbox.polls.run(quick)

    assert await inbox.work() == 1


async def test_mail_deleted_before_it_could_be_read_is_given_up(bench: Bench, inbox: Inbox) -> None:
    await bench.account()
    mail = inbox.arrive()
    await inbox.poll()
    path = mail["message_id"].replace("<", "%3C").replace(">", "%3E")
    inbox.simulator.http.delete(f"/agentmail/v0/inboxes/{INBOX}/messages/{path}")

    await inbox.work()

    assert await inbox.threads() == []
    assert await inbox.work() == 0


def unreadable() -> float:
    """How many mails were counted that nobody can read."""
    return REGISTRY.get_sample_value("mailwright_mail_arrived_total", {"outcome": "unreadable"}) or 0.0


@pytest.mark.parametrize(
    "malformed",
    [
        {"attachments": [{"filename": "no id"}]},
        {"thread_id": None},
        {"timestamp": "once", "attachments": [{}]},
        {"message_id": None},
        {"message_id": "<\x00@there>"},
        {"message_id": "<" + "x" * 4_000 + "@there>"},
        {"message_id": None, "timestamp": None},
    ],
)
async def test_mail_that_nobody_can_read_is_counted_once_and_holds_up_no_other(
    bench: Bench, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, malformed: dict[str, Any]
) -> None:
    await bench.account()
    _, spoiled, _ = (inbox.arrive(f"p{n}@example.com") for n in range(3))
    inbox.spoil(monkeypatch, {spoiled["message_id"]: malformed})
    before = unreadable()

    for _ in range(2):
        bench.clock.pass_(minutes=10)
        await inbox.poll()
        await inbox.work()
    inbox.arrive("late@example.com")
    bench.clock.pass_(minutes=10)
    await inbox.poll()
    await inbox.work()

    writers = {thread["participant_email"] for thread in await inbox.threads()}
    assert writers == {"p0@example.com", "p2@example.com", "late@example.com"}
    assert unreadable() == before + 1


@pytest.mark.parametrize(
    "messages", [None, [{"message_id": "<1@there>", "timestamp": 1_772_366_400}] * poll_inboxes.PAGE]
)
async def test_a_listing_that_leads_nowhere_is_met_with_patience(
    bench: Bench, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, messages: object
) -> None:
    await bench.account()
    monkeypatch.setattr(inbox.provider, "call", AsyncMock(return_value={"messages": messages}))

    await inbox.poll()

    assert await due_in(inbox) == PACE.alone
