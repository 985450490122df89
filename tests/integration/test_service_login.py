"""The login of the services is no administrator: `migrate --grant-to` lets it act as their roles, and that is all it may."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from mailwright.cli import app
from shared.db.pool import connect
from shared.db.roles import SERVICES
from tests.support.engines import drop_database, new_database


@pytest.fixture
async def admin_url(postgres_url: str) -> AsyncIterator[str]:
    url = await new_database(postgres_url)
    yield url
    await drop_database(url)


@pytest.fixture
async def login(admin_url: str) -> AsyncIterator[str]:
    name = f"login-{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(admin_url)
    await admin.execute(f"create role \"{name}\" login noinherit password 'a-password'")
    yield name
    await admin.execute(f'drop role "{name}"')
    await admin.close()


async def migrate(secrets: Path, url: str, *arguments: str) -> Result:
    (secrets / "mailwright_database_url").write_text(f"{url}\n")
    environment = {"MAILWRIGHT_SECRETS_DIR": str(secrets)}
    return await asyncio.to_thread(CliRunner().invoke, app, ["migrate", *arguments], env=environment)


async def test_it_acts_as_every_service_and_may_do_nothing_by_itself(
    admin_url: str, login: str, tmp_path: Path
) -> None:
    for _ in range(2):
        done = await migrate(tmp_path, admin_url, "--grant-to", login)
        assert done.exit_code == 0, done.output

    server = admin_url.rsplit("@", 1)[1]
    login_url = f"postgresql://{login}:a-password@{server}"
    for service in SERVICES:
        connection = await connect(
            login_url, schema=service, role=f"mailwright_{service}", application="a test"
        )
        assert await connection.fetchval("select count(*) from event_log") == 0
        await connection.close()

    alone = await asyncpg.connect(login_url)
    for forbidden in ("select * from gateway.requests", "create role another", "create schema another"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await alone.execute(forbidden)
    await alone.close()


async def test_a_login_that_does_not_exist_is_said_in_one_line(admin_url: str, tmp_path: Path) -> None:
    done = await migrate(tmp_path, admin_url, "--grant-to", "nobody")

    assert (done.exit_code, done.output) == (
        2,
        "mailwright: There is no login nobody in this database server.\n",
    )


async def test_a_database_that_is_away_is_said_in_one_line(tmp_path: Path) -> None:
    done = await migrate(tmp_path, "postgresql://login:secret@127.0.0.1:1/nothing")

    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert done.output.startswith("mailwright: ")
    assert "secret" not in done.output
