"""Migrations in halves: what is run when, and that the code before a `pre` half lives with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.db.pool import create_pool
from shared.db.revisions import OutOfPhase, Phase, history_of
from shared.db.schema_check import database_check
from tests.support.callers import Caller
from tests.support.engines import drop_database, new_database
from tests.support.invariants import check_invariants
from tests.support.newer import migrated, newer_code
from tests.support.stack import running_stack

NOTHING: tuple[str, ...] = ()
HEADS = tuple(
    history_of(owner)[-1].id for owner in ("platform", "provisioner", "warmup", "threads", "gateway")
)


@pytest.fixture
async def empty_database(postgres_url: str) -> AsyncIterator[str]:
    url = await new_database(postgres_url)
    yield url
    await drop_database(url)


async def trouble(database_url: str, service: str = "warmup") -> str | None:
    """What the code of this moment has to say about the database."""
    async with await create_pool(
        database_url, schema=service, role=f"mailwright_{service}", application="test"
    ) as pool:
        return await database_check(pool, service)()


async def test_migrating_is_safe_to_repeat(empty_database: str) -> None:
    assert await migrated(empty_database) == HEADS
    assert await migrated(empty_database) == ()
    assert await trouble(empty_database) is None


async def test_the_halves_run_in_turn_and_new_code_needs_the_first_only(database_url: str) -> None:
    with newer_code({"warmup": NOTHING}, (Phase.PRE, Phase.POST)):
        before = await trouble(database_url)
        with pytest.raises(OutOfPhase, match="run `mailwright migrate --phase pre`"):
            await migrated(database_url, Phase.POST)
        assert await migrated(database_url, Phase.PRE) == ("warmup_test_pre",)
        assert await trouble(database_url) is None
        assert await migrated(database_url, Phase.PRE) == ()
        assert await migrated(database_url, Phase.POST) == ("warmup_test_post",)
        assert await trouble(database_url) is None

    assert before == (
        f"The schema warmup is at {history_of('warmup')[-1].id}, this version needs warmup_test_pre:"
        " run `mailwright migrate --phase pre`."
    )


async def test_a_shared_schema_that_is_behind_counts_too(database_url: str) -> None:
    with newer_code({"platform": NOTHING}):
        assert "The schema platform is at" in (await trouble(database_url) or "")
        await migrated(database_url, Phase.PRE)
        assert await trouble(database_url) is None


async def test_older_code_leaves_a_newer_schema_alone(database_url: str) -> None:
    with newer_code({"gateway": ("create table gateway.later (id int)",)}):
        await migrated(database_url)

    assert await migrated(database_url) == ()
    assert await trouble(database_url, "gateway") is None
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("select version_num from gateway.alembic_version") == (
            "gateway_test_pre"
        )
    finally:
        await connection.close()


@pytest.mark.promise("R19")
async def test_old_code_creates_accounts_on_a_schema_with_the_next_versions_pre_half(
    database_url: str,
) -> None:
    changes = {
        "platform": ("alter table vault.secret add column added text",),
        "provisioner": (
            "alter table provisioner.account add column added text",
            "alter table provisioner.saga add column added jsonb",
            "create table provisioner.later (id uuid primary key)",
        ),
        "warmup": ("alter table warmup.warmup add column added timestamptz",),
        "gateway": (
            "alter table gateway.request add column added text",
            "alter table gateway.account add column added text",
            "create table gateway.later (id uuid primary key)",
        ),
    }
    with newer_code(changes):
        assert len(await migrated(database_url, Phase.PRE)) == len(changes)

    async with (
        running_stack(env={"MAILWRIGHT_DATABASE_URL": database_url}) as stack,
        Caller(stack) as caller,
    ):
        domain_id = await caller.verified_domain("older.example")
        answers = [
            await caller.account("ada", domain_id, "older.example"),
            await caller.account("fail-tag-1", domain_id, "older.example"),
        ]
        evidence = await check_invariants(stack, answers)
        logs = [
            (stack.data_dir / "logs" / f"{name}.log").read_text() for name in changes if name != "platform"
        ]

    assert {account.status for account in evidence.accounts.values()} == {"warming", "failed"}
    for text in logs:
        assert '"event": "schema_ahead"' in text
