"""Fixtures every tier may use: the engines of the run, and a fresh migrated database per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog

from shared.db.migrate import migrate
from shared.messaging.broker import KafkaSettings
from shared.messaging.topics import create_topics
from tests.support.engines import drop_database, embedded_broker, new_database
from tests.support.kafka_engines import KafkaEngine, apache_kafka, embedded_kafka
from tests.support.kafka_state import forget_mailwright
from tests.support.postgres_engines import chosen_postgres

_ENGINES = pytest.StashKey[dict[str, None]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the list of engines that this run really used, and send log lines to pytest.

    The library's own default draws every frame of a traceback on standard output, which takes seconds.
    """
    config.stash[_ENGINES] = {}
    structlog.configure(
        processors=[structlog.processors.JSONRenderer(default=repr)],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that started this one, if it is one of several, which engines ran here."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        engines: dict[str, None] = session.config.stash[_ENGINES]
        output["engines"] = list(engines)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a finished worker process tells."""
    told: list[str] = getattr(node, "workeroutput", {}).get("engines", [])
    engines: dict[str, None] = node.config.stash[_ENGINES]
    engines.update(dict.fromkeys(told))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which engines ran."""
    if engines := config.stash[_ENGINES]:
        terminalreporter.write_line(f"Engines: {'; '.join(engines)}")


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A PostgreSQL server for the whole run."""
    with chosen_postgres() as (name, url):
        request.config.stash[_ENGINES][name] = None
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """A broker for the whole run; tests keep apart by their topics' keys or by their own databases."""
    with embedded_broker() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def kafka_of_the_run(request: pytest.FixtureRequest) -> Iterator[KafkaEngine]:
    """Apache Kafka for the whole run; skips where this machine cannot have it."""
    with apache_kafka() as engine:
        if engine is None:
            request.config.stash[_ENGINES]["Apache Kafka did NOT run"] = None
            pytest.skip("Apache Kafka needs MAILWRIGHT_TEST_KAFKA, a container engine, or Java 17 with Maven")
        request.config.stash[_ENGINES][engine.name] = None
        yield engine


@pytest.fixture(params=["embedded", "kafka"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[KafkaEngine]:
    """Each broker of the run, without topics or groups, to be stopped, started and erased."""
    if request.param == "embedded":
        with embedded_kafka() as engine:
            request.config.stash[_ENGINES][engine.name] = None
            yield engine
    else:
        engine = request.getfixturevalue("kafka_of_the_run")
        engine.start()  # the test before may have left it stopped
        await forget_mailwright(engine.settings)
        yield engine


@pytest.fixture
async def kafka(broker: KafkaEngine) -> KafkaSettings:
    """How to reach each broker of the run, with Mailwright's topics on it, empty."""
    await create_topics(broker.settings, timeout_seconds=60.0)
    return broker.settings


@pytest.fixture(scope="session")
async def migrated_template(postgres_url: str) -> str:
    """The name of a database with the schema of this code, to be copied."""
    url = await new_database(postgres_url)
    await migrate(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture
async def database_url(postgres_url: str, migrated_template: str) -> AsyncIterator[str]:
    """A fresh database with the schema of this code."""
    url = await new_database(postgres_url, migrated_template)
    yield url
    await drop_database(url)
