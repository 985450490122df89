"""Our webhook at the provider: registered once, found again after a crash, made anew at another URL, switched on again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.observability.failpoints import FailPointRaised
from shared.security import webhook_secrets
from tests.integration.threads.bench import Bench
from tests.integration.threads.inbox import HOOK_URL, VAULT, Inbox

ELSEWHERE = "https://moved.example.com/webhooks/agentmail"


def hooks(inbox: Inbox) -> list[Any]:
    """The webhooks there are, with their secrets."""
    found: list[Any] = inbox.simulator.http.get("/agentmail/v0/webhooks").json()["webhooks"]
    return found


async def secret(inbox: Inbox) -> str | None:
    """The secret that the gateway checks signatures with."""
    async with inbox.pool.acquire() as connection:
        return await webhook_secrets.find(VAULT, connection, "agentmail")


async def test_the_webhook_is_registered_and_its_secret_kept_in_the_vault(inbox: Inbox) -> None:
    worker = inbox.registering()

    assert await inbox.register(worker) == 1

    (hook,) = hooks(inbox)
    assert (hook["url"], hook["client_id"], hook["enabled"]) == (HOOK_URL, "mw-test", True)
    assert set(hook["event_types"]) == {
        "message.received",
        "message.bounced",
        "message.complained",
        "message.rejected",
    }
    assert await secret(inbox) == hook["secret"]
    assert hook["secret"] not in str(await inbox.pool.fetch("select * from webhook"))
    assert await inbox.register(worker) == 0, "it is looked after once an hour"


async def test_another_process_and_a_later_check_find_the_same_one(bench: Bench, inbox: Inbox) -> None:
    await inbox.register(inbox.registering())
    bench.clock.pass_(hours=2)

    assert await inbox.register(inbox.registering()) == 1

    assert len(hooks(inbox)) == 1
    assert len(inbox.simulator.ledger("webhook.created")) == 1
    assert await secret(inbox) == hooks(inbox)[0]["secret"]


async def test_a_crash_after_the_call_finds_what_was_registered(
    inbox: Inbox, arm: Callable[[str], None]
) -> None:
    arm("threads.webhook.after_call")
    worker = inbox.registering()
    with pytest.raises(FailPointRaised):
        await inbox.register(worker)
    assert await secret(inbox) is None

    await inbox.pool.execute("update webhook set leased_until = '-infinity'")
    await inbox.register(worker)

    assert len(inbox.simulator.ledger("webhook.created")) == 1
    assert await secret(inbox) == hooks(inbox)[0]["secret"]


async def test_at_another_url_it_is_registered_anew_with_a_new_secret(inbox: Inbox) -> None:
    await inbox.register(inbox.registering())
    before = await secret(inbox)

    await inbox.register(inbox.registering(ELSEWHERE))

    (hook,) = hooks(inbox)
    assert hook["url"] == ELSEWHERE
    assert await secret(inbox) == hook["secret"] != before


async def test_one_that_was_switched_off_or_hears_too_little_is_put_right(bench: Bench, inbox: Inbox) -> None:
    await inbox.register(inbox.registering())
    (hook,) = hooks(inbox)
    path = f"/agentmail/v0/webhooks/{hook['webhook_id']}"
    inbox.simulator.http.patch(path, json={"enabled": False, "event_types": ["message.sent"]})

    bench.clock.pass_(hours=2)
    await inbox.register(inbox.registering())

    (after,) = hooks(inbox)
    assert after["enabled"]
    assert set(after["event_types"]) == set(hook["event_types"])


async def test_one_that_was_deleted_is_made_again(bench: Bench, inbox: Inbox) -> None:
    worker = inbox.registering()
    await inbox.register(worker)
    inbox.simulator.http.delete(f"/agentmail/v0/webhooks/{hooks(inbox)[0]['webhook_id']}")

    bench.clock.pass_(hours=2)
    await inbox.register(worker)

    assert await secret(inbox) == hooks(inbox)[0]["secret"]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 503}, {"kind": "status", "status": 400}, {"kind": "drop", "when": "after"}],
)
async def test_trouble_is_met_with_patience_and_nothing_is_made_twice(
    bench: Bench, inbox: Inbox, fault: dict[str, Any]
) -> None:
    inbox.simulator.fault("agentmail", "webhooks.create", times=2, **fault)
    worker = inbox.registering()

    rounds = 0
    while await secret(inbox) is None:
        assert await inbox.register(worker) == 1
        assert await inbox.register(worker) == 0, "not at once"
        bench.clock.pass_(seconds=2 ** (rounds + 1))
        rounds += 1

    assert rounds == 3
    assert len(inbox.simulator.ledger("webhook.created")) == 1
