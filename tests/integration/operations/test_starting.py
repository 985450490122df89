"""Starts in which something is missing: said in one line, waited for, and begun when it is mended; never half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import structlog

from shared import startup
from shared.db import schema_check
from shared.messaging.broker import KafkaSettings
from shared.messaging.topics import create_topics
from tests.support.engines import drop_database, embedded_postgres, new_database
from tests.support.eventually import eventually
from tests.support.kafka_engines import KafkaEngine
from tests.support.kafka_state import forget_mailwright
from tests.support.newer import migrated, newer_code
from tests.support.services import SERVICES, running_service

Lines = list[Any]
NO_BROKER = KafkaSettings(bootstrap="127.0.0.1:1", partitions=4)
CONSUMERS = ("provisioner", "warmup", "threads")


@pytest.fixture(autouse=True)
def patient_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a look at the database take as long as it does on a busy machine: only what is away is told to be."""
    monkeypatch.setattr(schema_check, "CHECK_SECONDS", 60.0)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """What services log while they wait; said once, however long this machine takes."""
    monkeypatch.setattr(startup, "SAY_AGAIN_SECONDS", 3_600.0)
    with structlog.testing.capture_logs() as captured:
        yield captured


def said(lines: Lines, about: str) -> list[str]:
    """The troubles with one thing that were logged."""
    return [
        line["trouble"] for line in lines if line["event"] == "waiting_to_start" and line["what"] == about
    ]


def alarms(lines: Lines) -> Lines:
    """Everything from a warning upwards that is not the one line about what is waited for.

    A statement that a busy machine did not finish in time is no trouble of the start either.
    """
    return [
        line
        for line in lines
        if line["log_level"] not in {"info", "debug"}
        and line["event"] != "waiting_to_start"
        and line.get("error") != "TimeoutError"
    ]


async def health(service: httpx.AsyncClient) -> dict[str, Any]:
    """What the service says of itself; it lives in any case."""
    assert (await service.get("/health/live")).json() == {"alive": True, "dead_tasks": []}
    answer = await service.get("/health/ready")
    body: dict[str, Any] = answer.json()
    assert answer.status_code == (200 if body["ready"] else 503)
    return body


async def says(service: httpx.AsyncClient, kind: str, about: str, words: str) -> dict[str, Any]:
    """Wait until the service names this trouble (or note)."""

    async def look() -> dict[str, Any]:
        body = await health(service)
        return body if words in body.get(kind, {}).get(about, "") else {}

    return await eventually(look, what=f"{about}: {words}")


async def gets_ready(service: httpx.AsyncClient) -> None:
    async def look() -> bool:
        body = await health(service)
        return bool(body["ready"]) and "topics" not in body.get("notes", {})

    await eventually(look, what="ready")


@pytest.fixture(scope="module")
def guarded_postgres() -> Iterator[str]:
    """A server that asks the login `clerk` for its password."""
    with embedded_postgres() as url:
        asyncio.run(_ask_for_passwords(url))
        yield url


async def _ask_for_passwords(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        rules = Path(await connection.fetchval("show hba_file"))
        await asyncio.to_thread(_put_first, rules, "host all clerk 127.0.0.1/32 scram-sha-256\n")
        await connection.execute("select pg_reload_conf()")
        await connection.execute("create role clerk login")
    finally:
        await connection.close()


def _put_first(file: Path, line: str) -> None:
    file.write_text(line + file.read_text())


@pytest.fixture
async def guarded_database(guarded_postgres: str) -> AsyncIterator[str]:
    url = await new_database(guarded_postgres)
    await migrated(url)
    yield url
    await drop_database(url)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_a_wrong_password_then_a_login_without_rights(
    guarded_database: str, kafka_bootstrap: str, name: str, lines: Lines
) -> None:
    kafka = KafkaSettings(bootstrap=kafka_bootstrap, idempotence=False, fetch_max_wait_ms=20, partitions=4)
    await create_topics(kafka)
    await execute(guarded_database, "alter role clerk password 'the-old-word'")
    await execute(
        guarded_database, "revoke mailwright_gateway, mailwright_provisioner, mailwright_warmup from clerk"
    )
    at = urlsplit(guarded_database)
    as_clerk = at._replace(netloc=f"clerk:the-new-word@{at.hostname}:{at.port}").geturl()

    async with running_service(name, as_clerk, kafka) as service:
        await says(service, "troubles", "database", "refuses the login")
        if name == "gateway":
            call = await service.get("/api/email/accounts", headers={"Authorization": "Bearer pk_live_a_b"})
            assert (call.status_code, call.json()["code"]) == (503, "service_unavailable")
        await execute(guarded_database, "alter role clerk password 'the-new-word'")
        await says(service, "troubles", "database", f"may not act as mailwright_{name}")
        await execute(guarded_database, f"grant mailwright_{name} to clerk")
        if name == "gateway":
            await execute(guarded_database, "grant mailwright_gateway_request to clerk")
        await gets_ready(service)

    assert len(said(lines, "database")) == 2
    assert not alarms(lines), "nothing ran before it could"
    assert not any("the-new-word" in str(line) for line in lines)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_database_without_our_schema_then_one_that_is_behind(
    postgres_url: str, name: str, lines: Lines
) -> None:
    url = await new_database(postgres_url)
    try:
        async with AsyncExitStack() as running:
            with newer_code({name: ()}):
                service = await running.enter_async_context(running_service(name, url, NO_BROKER))
            await says(service, "troubles", "database", "run `mailwright migrate`.")
            await migrated(url)
            await says(service, "troubles", "database", f"this version needs {name}_test_pre")
            with newer_code({name: ()}):
                await migrated(url)
            await eventually(lambda: _is_well(service, "database"))
    finally:
        await drop_database(url)

    told = said(lines, "database")
    assert len(set(told)) == len(told), "each trouble is one line"
    assert not alarms(lines)


async def _is_well(service: httpx.AsyncClient, about: str) -> bool:
    return about not in (await health(service))["troubles"]


@pytest.mark.parametrize("name", SERVICES)
async def test_a_database_that_does_not_exist(postgres_url: str, name: str, lines: Lines) -> None:
    missing = postgres_url.rsplit("/", 1)[0] + "/nowhere"

    async with running_service(name, missing, NO_BROKER) as service:
        await says(service, "troubles", "database", "no database of the name in MAILWRIGHT_DATABASE_URL")

    assert len(said(lines, "database")) == 1
    assert not alarms(lines)


async def test_consumers_wait_for_the_broker_and_for_topics_divided_as_they_are_told(
    database_url: str, broker: KafkaEngine, lines: Lines
) -> None:
    broker.stop()
    kafka = broker.settings
    async with running_service("warmup", database_url, kafka) as service:
        body = await says(service, "troubles", "topics", "does not answer")
        assert list(body["troubles"]) == ["topics"]
        broker.start()
        await forget_mailwright(kafka)
        await says(service, "troubles", "topics", "do not exist: run `mailwright topics create`")
        await create_topics(kafka.model_copy(update={"partitions": 2}))
        await says(
            service,
            "troubles",
            "topics",
            f"has 2 partitions, MAILWRIGHT_TOPIC_PARTITIONS is {kafka.partitions}",
        )
        await forget_mailwright(kafka)
        await create_topics(kafka)
        await gets_ready(service)

    assert not alarms(lines)


async def test_the_gateway_accepts_without_broker_and_topics_and_notes_it(
    database_url: str, broker: KafkaEngine, lines: Lines
) -> None:
    kafka = broker.settings
    await create_topics(kafka.model_copy(update={"partitions": 2}))

    async with running_service("gateway", database_url, kafka) as service:
        body = await says(service, "notes", "topics", "has 2 partitions")
        assert body["ready"]
        assert not body["troubles"]
        unknown = await service.get("/api/email/accounts", headers={"Authorization": "Bearer pk_live_a_b"})
        assert unknown.status_code == 401
        await forget_mailwright(kafka)
        await create_topics(kafka)
        await gets_ready(service)

    assert not alarms(lines)


async def test_a_ready_service_stays_ready_when_the_broker_goes_away(
    database_url: str, broker: KafkaEngine
) -> None:
    await create_topics(broker.settings)
    async with running_service("provisioner", database_url, broker.settings) as service:
        await gets_ready(service)
        await asyncio.to_thread(broker.stop)  # the service goes on while it ends

        assert (await health(service))["ready"]
