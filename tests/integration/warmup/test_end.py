"""Accounts that go away: their warmup ends, whoever waits is answered, and a late worker changes nothing."""

from __future__ import annotations

import pytest

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

    await bench.going(account)

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
    assert await bench.outcomes(account) == [("refused", "account_deleting")]
