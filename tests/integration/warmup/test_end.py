"""Accounts that go away: their warmup ends, whoever waits is answered, and a late worker changes nothing."""

from __future__ import annotations

import pytest

from shared.clock import RandomIds
from shared.contracts.accounts import AccountDeleting, AccountProvisioningFailed
from tests.integration.warmup.bench import Bench


@pytest.mark.parametrize("fact", [AccountDeleting, AccountProvisioningFailed])
async def test_a_warmup_ends_with_its_account(bench: Bench, fact: type[AccountDeleting]) -> None:
    account = await bench.warming("gone")

    await bench.going(account, fact)
    await bench.going(account, fact)

    assert await bench.facts(account) == ["started", "confirmed", "ended"]
    row = await bench.row(account)
    assert (row["status"], row["due_at"], row["lease_token"]) == ("ended", None, None)


async def test_an_account_without_a_warmup_goes_silently(bench: Bench) -> None:
    account = await bench.provisioned("plain", warmup=False)

    await bench.going(account, warmup=False)

    assert await bench.told() == []


async def test_retries_that_wait_are_refused_when_the_account_goes(bench: Bench) -> None:
    account = await bench.not_started("waiting")
    requests = [await bench.ask_retry(account) for _ in range(2)]

    await bench.going(account)

    assert await bench.outcomes(*requests) == [("refused", "wrong_state")] * 2
    assert await bench.work() == 0


async def test_an_account_that_goes_before_its_first_attempt_ended_answers_its_create_request(
    bench: Bench,
) -> None:
    account = await bench.provisioned("early")
    (batch,) = await bench.enable.claim(8)

    await bench.going(account)
    await bench.enable.run(batch)  # the worker was under way and comes too late

    assert await bench.facts(account) == ["ended"]
    assert await bench.outcomes(account) == [("refused", "account_deleted")]


async def test_an_account_deleted_before_its_warmup_began_has_an_ended_warmup(bench: Bench) -> None:
    account = RandomIds().new()

    await bench.going(account)
    await bench.going(account)

    assert await bench.facts(account) == ["ended"]
    (ended,) = await bench.told(account)
    assert ended.data["warmup"]["status"] == "ended"


async def test_a_provisioned_account_that_comes_after_its_deletion_never_warms(bench: Bench) -> None:
    account = RandomIds().new()
    await bench.going(account)

    await bench.provisioned_again(account, "late@myagentmail.com")
    await bench.provisioned_again(account, "late@myagentmail.com")

    assert await bench.work() == 0
    assert await bench.facts(account) == ["ended"]
    assert await bench.outcomes(account) == [("refused", "account_deleted")]


async def test_a_provisioned_account_that_comes_again_after_its_end_is_not_answered_again(
    bench: Bench,
) -> None:
    account = await bench.warming("again")
    await bench.going(account)

    await bench.provisioned_again(account, "again@myagentmail.com")

    assert await bench.work() == 0
    assert await bench.facts(account) == ["started", "confirmed", "ended"]
    assert await bench.outcomes(account) == [("done", None)]


async def test_an_account_that_failed_before_its_warmup_began_has_none(bench: Bench) -> None:
    account = RandomIds().new()

    await bench.going(account, AccountProvisioningFailed)

    assert await bench.told() == []
