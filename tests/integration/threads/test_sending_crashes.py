"""A worker may die or lose its lease at any moment: the message leaves once, and its outcome is told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.threads.fail_points import FAIL_POINTS
from services.threads.store_sending import DueMessage
from shared.observability.failpoints import FailPointRaised
from tests.integration.threads.post_office import PostOffice

SENT = ["message_queued", "message_sent"]
NEXT = 35.0


async def claimed(office: PostOffice) -> DueMessage:
    """Lease the one message that is due."""
    (due,) = await office.claim()
    return due


@pytest.mark.promise("R12", "I11")
@pytest.mark.parametrize("point", FAIL_POINTS)
async def test_a_worker_that_dies_at_any_point_leaves_nothing_undone_and_nothing_done_twice(
    office: PostOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    (tmp_path / point).write_text("raise 1")
    message = await office.queued()

    with pytest.raises(FailPointRaised):
        await office.work()
    assert await office.work(seconds=NEXT) == 0, "its lease lasts"
    await office.end_leases()
    await office.work()

    assert await message.names() == SENT
    assert [(await message.row())["provider_message_id"]] == office.left()
    assert (await message.answer())["outcome"] == "done"


@pytest.mark.promise("I11")
async def test_a_crash_before_the_call_counts_as_a_call(office: PostOffice) -> None:
    message = await office.queued()
    due = await claimed(office)

    assert due.message.intent_at is None, "the work gets the message as it was"
    assert await message.is_touched()
    await office.end_leases()
    again = await claimed(office)
    assert again.message.intent_at == due.message.created_at
    assert again.message.called_at == due.message.created_at


@pytest.mark.promise("I11")
async def test_a_worker_without_its_lease_records_nothing(office: PostOffice) -> None:
    message = await office.queued()
    slow = await claimed(office)
    await office.end_leases()
    quick = await claimed(office)

    await office.sender.run(slow)
    assert await message.names() == SENT[:1]
    await office.sender.run(quick)

    assert await message.names() == SENT
    assert len(office.left()) == 1, "both called, under the same key"


async def test_a_worker_without_its_lease_puts_nothing_off(office: PostOffice) -> None:
    message = await office.queued()
    slow = await claimed(office)
    await office.end_leases()
    quick = await claimed(office)
    office.fault("drop")

    await office.sender.run(slow)

    assert (await message.row())["lease_token"] == quick.token
    await office.sender.run(quick)
    assert await message.names() == SENT


async def test_a_lease_that_was_not_renewed_is_not_trusted_with_a_call(office: PostOffice) -> None:
    await office.queued()
    due = await claimed(office)
    with office.sender.leases.holding(due.token):
        """Nothing holds it afterwards."""

    await office.sender.run(due)

    assert office.simulator.calls("messages.send") == []


async def test_leases_are_renewed_and_given_back(office: PostOffice) -> None:
    await office.queued()
    due = await claimed(office)

    assert await office.sender.desk.renew([due.token]) == {due.token}
    await office.sender.leases.give_back()

    assert await office.sender.desk.renew([due.token]) == set()
    assert await office.work() == 1
