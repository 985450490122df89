"""An account that nothing goes wrong with: its facts, its versions, its effects, its answer."""

from __future__ import annotations

import pytest

from shared.contracts.accounts import AccountStatus
from shared.contracts.answers import Outcome
from shared.contracts.warmup_mail import warmup_tag
from tests.support.account_bench import DOMAIN, SENDMUX, Bench

FACTS = [
    "AccountReserved",
    "InboxCreated",
    "CredentialsIssued",
    "SenderRegistered",
    "TagsAssigned",
    "AccountProvisioned",
]


@pytest.mark.contract("S0-26", "S0-27", "S0-29", "S0-36", "S0-46")
async def test_an_account_is_made_step_by_step(bench: Bench) -> None:
    request = await bench.ask("Ada", first_name="Ada", last_name="Lovelace")

    async with bench.working():
        await bench.finished(request)

    events = await bench.events(request.subject)
    assert [event.name for event in events] == FACTS
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert {event.request_id for event in events} == {request.request_id}
    assert [event.causation_id for event in events] == [request.id, *(event.id for event in events[:-1])]
    assert [event.time for event in events] == sorted({event.time for event in events})
    account = events[-1].data.account
    assert account.status is AccountStatus.PROVISIONED
    assert account.address == account.inbox_id == account.sender_id == f"ada@{DOMAIN}"
    assert account.display_name == "Ada Lovelace"
    assert account.account_tag_id != account.warmup_tag_id
    assert bench.effects(account.address) == [
        "inbox.created",
        "key.created",
        "sender.created",
        "tag.assigned",
    ]
    sender = bench.simulator.account(account.address)
    assert sender["first_name"] == "Ada"
    assert sender["warmup_custom_ftag"] == warmup_tag("test")


async def test_a_plan_without_warmup_is_answered_by_the_provisioner(bench: Bench) -> None:
    request = await bench.ask("scout", plan=SENDMUX)

    async with bench.working():
        await bench.finished(request)

    assert await bench.facts(request.subject) == [*FACTS[:3], "AccountProvisioned"]
    answer = await bench.answer(request.subject)
    assert answer is not None
    assert (answer.outcome, answer.needs) == (Outcome.DONE, {"account": 4})


async def test_a_plan_with_warmup_waits_for_the_warmup_service(bench: Bench) -> None:
    request = await bench.ask("ada")

    async with bench.working():
        await bench.finished(request)

    assert await bench.answer(request.subject) is None


async def test_accounts_of_a_workspace_share_one_tag(bench: Bench) -> None:
    requests = [await bench.ask(f"agent{number}") for number in range(12)]

    async with bench.working():
        await bench.finished(*requests)

    states = [(await bench.events(request.subject))[-1].data.account for request in requests]
    assert len({state.warmup_tag_id for state in states}) == 1
    assert len({state.account_tag_id for state in states}) == 12
    assert len(bench.simulator.ledger("tag.created")) == 13


@pytest.mark.promise("I14")
async def test_the_secret_is_nowhere_but_in_the_vault(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    request = await bench.ask("ada")
    async with bench.working():
        await bench.finished(request)

    account = (await bench.events(request.subject))[-1].data.account
    async with bench.pool.acquire() as connection:
        secret = await bench.context.vault.get(
            connection, id=account.credential_ref, tenant_id=account.tenant_id, kind="inbox_credential"
        )
        tables = await connection.fetch(
            "select schemaname, tablename from pg_tables where schemaname in ('provisioner', 'vault', 'providers')"
        )
        found = []
        for table in tables:
            name = f"{table['schemaname']}.{table['tablename']}"
            rows = await connection.fetch(f"select t::text as row from {name} t")
            found += [name for row in rows if secret and secret.encode().hex() in row["row"]]
            found += [name for row in rows if secret and secret in row["row"]]

    assert secret is not None
    assert secret.startswith("am_inbox_")
    assert found == []
    assert all(secret.encode() not in event.raw for event in await bench.events(request.subject))
    output = capfd.readouterr()
    assert secret not in output.out + output.err
