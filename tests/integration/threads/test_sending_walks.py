"""On long random walks of trouble a message leaves at most once, and ends as what really became of it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.threads.fail_points import FAIL_POINTS
from shared.contracts.accounts import AccountChanged
from shared.observability.failpoints import FailPointRaised
from tests.integration.threads.post_office import Message, PostOffice

SEEDS = range(40)
STEPS = 12
TROUBLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("drop", {}),
    ("drop", {"when": "after"}),
    ("malformed", {"when": "after"}),
    ("status", {"status": 502, "when": "after"}),
    ("status", {"status": 500}),
    ("status", {"status": 429, "retry_after": 20}),
    ("status", {"status": 401}),
    ("status", {"status": 403, "body": {"code": "message_rejected"}}),
    ("status", {"status": 404}),
    ("status", {"status": 409, "body": {"code": "conflict"}, "when": "after"}),
)
ENDS = {"message_sent": "sent", "message_failed": "failed", "message_unknown": "unknown"}


class Walker:
    """One message on its way through trouble of every kind."""

    def __init__(self, office: PostOffice, points: Path, seed: int) -> None:
        self._office, self._points, self._random = office, points, random.Random(seed)
        self._address = f"walker-{seed}@myagentmail.com"
        self._account_version = 1

    async def walk(self) -> Message:
        """Have a message accepted, let one thing after another happen to it, and then everything come to rest."""
        office, username = self._office, self._address.partition("@")[0]
        office.simulator.inbox(username)
        account_id = await office.bench.account(
            address=self._address, username=username, inbox_id=self._address
        )
        message = await office.queued(account_id=account_id)
        trouble = [self._meet_trouble] * 4
        for _ in range(STEPS):
            step = self._random.choice(
                [*trouble, self._die, self._pass_time, self._suspend, self._lose_inbox]
            )
            await step(message)
        office.simulator.http.delete("/_sim/faults")
        for _ in range(20):
            await self._carry_on(minutes=10)
        return message

    async def _meet_trouble(self, _: Message) -> None:
        kind, more = self._random.choice(TROUBLE)
        operation = self._random.choice(["messages.send"] * 3 + ["messages.list"])
        self._office.simulator.fault(
            "agentmail", operation, kind, match=self._address, times=self._random.randint(1, 4), **more
        )
        await self._carry_on(seconds=35)

    async def _die(self, _: Message) -> None:
        (self._points / self._random.choice(list(FAIL_POINTS))).write_text("raise 1")
        await self._carry_on(seconds=35)

    async def _pass_time(self, _: Message) -> None:
        hours = self._random.choice([0.1, 1, 12, 30])
        self._office.simulator.advance(hours / 24)
        await self._carry_on(hours=hours)

    async def _suspend(self, message: Message) -> None:
        self._account_version += 1
        await self._office.bench.account(
            account_id=message.account_id,
            fact=AccountChanged,
            version=self._account_version,
            address=self._address,
            inbox_id=self._address,
            suspended=self._random.random() < 0.3,
        )
        await self._carry_on(seconds=35)

    async def _lose_inbox(self, _: Message) -> None:
        if self._random.random() < 0.3:
            self._office.simulator.http.delete(f"/agentmail/v0/inboxes/{self._address}")
        await self._carry_on(seconds=1)

    async def _carry_on(self, **spans: float) -> None:
        try:
            await self._office.work(**spans)
        except FailPointRaised:
            await self._office.end_leases()
        for point in self._points.iterdir():
            point.unlink()


@pytest.mark.promise("R10", "R12", "I11")
async def test_whatever_happens_a_message_leaves_once_or_it_is_said_why_not(
    office: PostOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    ends: dict[str, int] = {}
    for seed in SEEDS:
        message = await Walker(office, tmp_path, seed).walk()
        names, status = await message.names(), await message.status()

        assert names[0] == "message_queued", seed
        assert [ENDS[name] for name in names[1:]] == [status], f"seed {seed}: {names} and {status}"
        left = times_left(office, message.id)
        assert left <= 1, f"seed {seed}: it left {left} times"
        assert status == "unknown" or left == (status == "sent"), (
            f"seed {seed}: {status}, and it left {left} times"
        )
        assert (await message.answer())["outcome"] == ("failed" if status == "failed" else "done"), seed
        ends[status] = ends.get(status, 0) + 1
    assert ends.keys() == set(ENDS.values()), f"the walks lead everywhere: {ends}"


def times_left(office: PostOffice, message_id: UUID) -> int:
    keys = [entry["key"] for entry in office.simulator.ledger("message.sent")]
    return keys.count(f"mw-test-{message_id}")
