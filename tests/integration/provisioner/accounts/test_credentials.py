"""Further credentials of an inbox: their secrets are in the vault before they are told, and none is left behind unseen."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from shared.contracts.accounts import (
    AccountDeletionRequested,
    AccountRequested,
    AccountState,
    CredentialsRequested,
    CredentialsRevocationRequested,
)
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Caller
from tests.support.account_bench import DOMAIN, SENDMUX, Bench, ids
from tests.support.eventually import eventually

ADDRESS = f"scout@{DOMAIN}"


def caller(created: Recorded) -> Caller:
    return cast("AccountRequested", created.data).caller


async def made(bench: Bench, username: str = "scout", **more: object) -> Recorded:
    created = await bench.ask(username, **{"plan": SENDMUX, **more})  # type: ignore[arg-type]
    await bench.finished(created)
    return created


async def issue(bench: Bench, created: Recorded, credential_id: UUID, name: str = "app") -> Recorded:
    asked = CredentialsRequested(caller=caller(created), credential_id=credential_id, name=name)
    return await bench.command(created, asked)


async def revoke(bench: Bench, created: Recorded, credential_id: UUID) -> AccountRequestAnswered:
    asked = CredentialsRevocationRequested(caller=caller(created), credential_id=credential_id)
    return await bench.answered(await bench.command(created, asked))


async def state(bench: Bench, created: Recorded) -> AccountState:
    accounts = [event.data.account for event in await bench.events(created.subject) if event.sequence]
    return cast("AccountState", accounts[-1])


async def secret(bench: Bench, created: Recorded, credential_id: UUID) -> str | None:
    async with bench.pool.acquire() as connection:
        return await bench.context.vault.get(
            connection, id=credential_id, tenant_id=created.tenant_id, kind="inbox_credential"
        )


def keys(bench: Bench) -> list[str]:
    """Return the names of the keys that are alive at the provider."""
    return [key["name"] for key in bench.simulator.http.get("/_sim/state").json()["agentmail"]["keys"]]


async def no_strays(bench: Bench) -> bool:
    return not await bench.pool.fetchval("select count(*) from stray")


@pytest.mark.contract("S4-34")
async def test_an_account_gets_another_credential_that_logs_in(bench: Bench) -> None:
    credential_id = ids.new()
    async with bench.working():
        created = await made(bench)
        answer = await bench.answered(await issue(bench, created, credential_id, "my app"))

    assert (answer.outcome, answer.details) == (Outcome.DONE, {"credential_id": str(credential_id)})
    assert answer.needs == {"account": 5}
    assert (await bench.facts(created.subject))[-1] == "CredentialsIssued"
    account = await state(bench, created)
    assert [each.name for each in account.credentials] == ["default", "my app"]
    assert account.credentials[1].id == credential_id
    password = await secret(bench, created, credential_id)
    assert bench.simulator.sender("x@else.example", password or "", imap_username=ADDRESS).is_success
    assert await no_strays(bench)


@pytest.mark.contract("S4-33", "S4-34", "S4-35", "A46")
async def test_a_mailbox_that_was_made_without_credentials_gets_them_later(bench: Bench) -> None:
    bench.simulator.fault("agentmail", "api_keys.create", "status", status=422, times=1)
    credential_id = ids.new()
    async with bench.working():
        created = await made(bench)
        before = await state(bench, created)
        answer = await bench.answered(await issue(bench, created, credential_id))

    assert (before.credential_ref, before.credentials) == (None, ())
    assert answer.outcome is Outcome.DONE
    assert [each.id for each in (await state(bench, created)).credentials] == [credential_id]


async def test_a_refusal_by_the_provider_is_the_answer(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        bench.simulator.fault("agentmail", "api_keys.create", "status", status=422, times=1)
        answer = await bench.answered(await issue(bench, created, ids.new()))

    assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_refused")
    assert len((await state(bench, created)).credentials) == 1
    assert await no_strays(bench)


@pytest.mark.promise("R08", "R10")
async def test_a_key_whose_secret_was_lost_is_revoked_and_nothing_is_promised(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        bench.simulator.fault("agentmail", "api_keys.create", "drop", when="after", times=1)
        answer = await bench.answered(await issue(bench, created, ids.new()))
        assert keys(bench) == [f"mailwright:{created.subject}"]
        await eventually(lambda: no_strays(bench))

    assert (answer.outcome, answer.code) == (Outcome.FAILED, "provider_unavailable")
    assert len((await state(bench, created)).credentials) == 1


@pytest.mark.promise("R10")
async def test_a_key_that_lands_after_the_answer_is_found_and_revoked(bench: Bench) -> None:
    async with bench.working(sweep_seconds=(0.3, 2.5)):
        created = await made(bench)
        bench.simulator.fault("agentmail", "api_keys.create", "late", delay_seconds=1.2, times=1)
        answer = await bench.answered(await issue(bench, created, ids.new()))
        assert answer.code == "provider_unavailable"
        await eventually(lambda: bench.effects(ADDRESS).count("key.created") == 2)
        await eventually(lambda: no_strays(bench))

    assert keys(bench) == [f"mailwright:{created.subject}"]


@pytest.mark.promise("R01")
@pytest.mark.parametrize("point", ["before_call", "after_call", "before_commit", "after_commit"])
async def test_a_crash_makes_one_credential_and_leaves_no_other(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))
    credential_id = ids.new()
    async with bench.working():
        created = await made(bench)
        (tmp_path / f"provisioner.command.{point}").write_text("raise 1")
        answer = await bench.answered(await issue(bench, created, credential_id))
        await eventually(lambda: no_strays(bench))

    assert (tmp_path / f"provisioner.command.{point}.fired").exists()
    assert answer.outcome is Outcome.DONE
    assert sorted(keys(bench)) == [
        f"mailwright:{created.subject}",
        f"mailwright:{created.subject}:{credential_id}",
    ]
    assert await secret(bench, created, credential_id) is not None


@pytest.mark.parametrize(("column", "value", "code"), [
    ("suspended", True, "account_not_active"),
    ("status", "reserved", "wrong_state"),
])  # fmt: skip
async def test_only_an_active_account_gets_credentials(
    bench: Bench, column: str, value: object, code: str
) -> None:
    async with bench.working():
        created = await made(bench)
        await bench.pool.execute(f"update account set {column} = $2 where id = $1", created.subject, value)
        answer = await bench.answered(await issue(bench, created, ids.new()))

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, code)


# --- ending them ----------------------------------------------------------------------------------------------


async def test_a_revoked_credential_is_gone_at_the_provider_and_in_the_vault(bench: Bench) -> None:
    credential_id = ids.new()
    async with bench.working():
        created = await made(bench)
        await bench.answered(await issue(bench, created, credential_id))
        answer = await revoke(bench, created, credential_id)
        again = await revoke(bench, created, credential_id)

    assert (answer.outcome, answer.needs) == (Outcome.DONE, {"account": 6})
    assert (again.outcome, again.needs) == (Outcome.DONE, {"account": 6})
    assert answer.details == again.details == {"credential_id": str(credential_id)}
    assert (await bench.facts(created.subject)).count("CredentialsRevoked") == 1
    assert [each.name for each in (await state(bench, created)).credentials] == ["default"]
    assert keys(bench) == [f"mailwright:{created.subject}"]
    assert await secret(bench, created, credential_id) is None


async def test_the_first_credential_can_be_revoked_where_no_sender_needs_it(bench: Bench) -> None:
    async with bench.working():
        created, puffle = await made(bench), await bench.ask("ada")
        await bench.finished(puffle)
        answer = await revoke(bench, created, (await state(bench, created)).credentials[0].id)
        kept = await revoke(bench, puffle, (await state(bench, puffle)).credentials[0].id)

    assert answer.outcome is Outcome.DONE
    account = await state(bench, created)
    assert (account.credential_ref, account.credentials) == (None, ())
    assert (kept.outcome, kept.code) == (Outcome.REFUSED, "wrong_state")
    assert keys(bench) == [f"mailwright:{puffle.subject}"]


async def test_an_unknown_credential_is_not_found(bench: Bench) -> None:
    async with bench.working():
        created, other = await made(bench), await made(bench, "other")
        foreign = (await state(bench, other)).credentials[0].id
        answers = [await revoke(bench, created, each) for each in (ids.new(), foreign)]

    assert {(each.outcome, each.code) for each in answers} == {(Outcome.REFUSED, "credential_not_found")}
    assert len(keys(bench)) == 2


async def test_a_revocation_whose_outcome_is_unknown_is_looked_up(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        bench.simulator.fault("agentmail", "api_keys.delete", "drop", when="after", times=1)
        answer = await revoke(bench, created, (await state(bench, created)).credentials[0].id)

    assert answer.outcome is Outcome.DONE
    assert keys(bench) == []


async def test_all_credentials_go_with_their_account(bench: Bench) -> None:
    async with bench.working():
        created = await made(bench)
        await bench.answered(await issue(bench, created, ids.new()))
        deletion = AccountDeletionRequested(caller=caller(created))
        await bench.answered(await bench.command(created, deletion))

    assert keys(bench) == []
    assert await bench.pool.fetchval("select count(*) from vault.secret") == 0
    assert (await state(bench, created)).credentials == ()
