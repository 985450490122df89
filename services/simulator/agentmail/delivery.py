"""How AgentMail's events reach webhooks: signed the Svix way, repeated on its schedule, kept over a restart."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from services.simulator.wire import Json
from services.simulator.world import World

RETRY_SECONDS = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0)

Post = Callable[[str, bytes, dict[str, str]], Awaitable[int | None]]
"""Posts a body to a URL; returns the status, None when there was no answer."""


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the `svix-signature` header for a body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def emit(world: World, event_type: str, payload: Json, inbox_id: str | None = None) -> str:
    """Queue an event for every webhook that wants it, in the present transaction, and return its id."""
    event_id = f"evt_{world.hex(24)}"
    body = {"type": "event", "event_type": event_type, "event_id": event_id, **payload}
    for webhook in world.store.all("am.webhook"):
        listens = not webhook.get("inbox_ids") or inbox_id in webhook["inbox_ids"]
        if webhook["enabled"] and event_type in webhook["event_types"] and listens:
            delivery_id = f"msg_{world.hex(27)}"
            delivery = {
                "id": delivery_id,
                "webhook_id": webhook["webhook_id"],
                "body": json.dumps(body, separators=(",", ":")),
                "failures": 0,
                "due": world.stamp(),
            }
            world.store.put("am.delivery", delivery_id, delivery)
            world.new_deliveries.append(delivery_id)
    return event_id


class Deliveries:
    """Brings queued events to their endpoints, each in a task of its own."""

    def __init__(self, world: World, post: Post, close_post: Callable[[], Awaitable[None]]) -> None:
        self._world, self._post, self._close_post = world, post, close_post
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take up the deliveries that a restart interrupted."""
        self._world.new_deliveries = [delivery["id"] for delivery in self._world.store.all("am.delivery")]

    def start_new(self) -> None:
        """Start a task for each delivery queued since the last call."""
        queued, self._world.new_deliveries = self._world.new_deliveries, []
        for delivery_id in queued:
            task = asyncio.get_running_loop().create_task(self._deliver(delivery_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop; undelivered events stay queued for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close_post()

    async def _deliver(self, delivery_id: str) -> None:
        while (delivery := self._world.store.get("am.delivery", delivery_id)) is not None:
            await asyncio.sleep(self._wait(delivery))
            webhook = self._world.store.get("am.webhook", delivery["webhook_id"])
            if webhook is None or not webhook["enabled"] or await self._attempt(webhook, delivery):
                self._settle(delivery, None)
            else:
                self._settle(delivery, delivery["failures"] + 1)

    def _wait(self, delivery: Json) -> float:
        due: str = delivery["due"]
        return max((datetime.fromisoformat(due) - self._world.now()).total_seconds(), 0.0)

    async def _attempt(self, webhook: Json, delivery: Json) -> bool:
        body, timestamp = delivery["body"].encode(), int(self._world.now().timestamp())
        headers = {
            **webhook["_headers"],
            "content-type": "application/json",
            "svix-id": delivery["id"],
            "svix-timestamp": str(timestamp),
            "svix-signature": sign(webhook["secret"], delivery["id"], timestamp, body),
        }
        status = await self._post(webhook["url"], body, headers)
        return status is not None and 200 <= status < 300

    def _settle(self, delivery: Json, failures: int | None) -> None:
        store = self._world.store
        if store.get("am.delivery", delivery["id"]) is None:
            return
        with store.transaction():
            if failures is None or failures > len(RETRY_SECONDS):
                store.delete("am.delivery", delivery["id"])
            else:
                due = self._world.now() + timedelta(seconds=RETRY_SECONDS[failures - 1])
                changed = {**delivery, "failures": failures, "due": self._world.stamp(due)}
                store.put("am.delivery", delivery["id"], changed)
