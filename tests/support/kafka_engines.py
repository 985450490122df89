"""The brokers that delivery is tested on: the embedded one, and Apache Kafka from wherever this machine can have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from mailwright.ports import accepts, free_port
from mailwright.processes import Program, inherited_env
from shared.messaging.broker import KafkaSettings
from tests.support.containers import KafkaContainer, container_engine_answers
from tests.support.engines import embedded_broker, running, scratch_folder

_KAFKA_LOCAL = Path(__file__).parents[2] / "deploy" / "kafka-local" / "kafka_local.py"
_START_SECONDS = 90.0
"""Three seconds on an idle machine; Java has much to compile on a busy one."""
_PASSED_ON = ("JAVA_HOME", "XDG_CACHE_HOME")


class KafkaEngine(Protocol):
    """A broker in a test's hands."""

    name: str
    """What the summary of the run calls it."""
    settings: KafkaSettings
    """How services reach it, also after it was stopped and started."""

    def start(self) -> None:
        """Start it, unless it runs."""
        ...

    def stop(self) -> None:
        """Stop it; whether its records survive that depends on the engine."""
        ...

    def erase(self) -> None:
        """Stop it and make sure that it comes back with nothing: no records, topics, groups."""
        ...


class _Embedded:
    name = "embedded broker"

    def __init__(self) -> None:
        self._port = free_port()
        self._open = ExitStack()
        self._runs = False
        self.settings = KafkaSettings(
            bootstrap=f"127.0.0.1:{self._port}",
            idempotence=False,
            fetch_max_wait_ms=20,
            session_timeout_ms=2_000,
            leave_group=False,
            partitions=4,
        )

    def start(self) -> None:
        if not self._runs:
            self._open.enter_context(embedded_broker(self._port))
            self._runs = True

    def stop(self) -> None:
        self._runs = False
        self._open.close()

    def erase(self) -> None:
        self.stop()


class _Local:
    def __init__(self, folder: Path, version: str) -> None:
        self.name = f"Apache Kafka {version} on local Java"
        self._folder = folder
        self._port, self._controller_port = free_port(), free_port()
        self._open = ExitStack()
        self._runs = False
        self.settings = kafka_settings(f"127.0.0.1:{self._port}")

    def start(self) -> None:
        if self._runs:
            return
        ports = ("--port", str(self._port), "--controller-port", str(self._controller_port))
        program = Program(
            "kafka",
            (sys.executable, str(_KAFKA_LOCAL), "run", *ports, "--data", str(self._folder / "data")),
            self._folder / "kafka.log",
            env=inherited_env(**{name: os.environ[name] for name in _PASSED_ON if name in os.environ}),
        )
        self._open.enter_context(
            running(program, lambda _: accepts(self._port), within_seconds=_START_SECONDS)
        )
        self._runs = True

    def stop(self) -> None:
        self._runs = False
        self._open.close()

    def erase(self) -> None:
        self.stop()
        shutil.rmtree(self._folder / "data", ignore_errors=True)


class _Container:
    def __init__(self, version: str) -> None:
        self.name = f"Apache Kafka {version} in a container"
        self._container = KafkaContainer(version)
        self.settings = kafka_settings(f"127.0.0.1:{self._container.port}")

    def start(self) -> None:
        self._container.start()

    def stop(self) -> None:
        self._container.stop()

    def erase(self) -> None:
        self._container.erase()


class _Given:
    def __init__(self, bootstrap: str) -> None:
        self.name = f"Kafka given at {bootstrap}"
        self.settings = kafka_settings(bootstrap)

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        pytest.skip("a broker that was given to the tests is not theirs to stop")

    def erase(self) -> None:
        self.stop()


def kafka_settings(bootstrap: str) -> KafkaSettings:
    """What services use with Apache Kafka, but for the shortest session its default configuration allows."""
    return KafkaSettings(bootstrap=bootstrap, session_timeout_ms=6_000)


def choose_kafka(
    environment: Mapping[str, str],
    *,
    has_containers: Callable[[], bool] = container_engine_answers,
    has_program: Callable[[str], object] = shutil.which,
) -> str | None:
    """Say where Apache Kafka comes from: `given`, `container`, `local`, or None when this machine cannot have it."""
    if environment.get("MAILWRIGHT_TEST_KAFKA"):
        return "given"
    if has_containers():
        return "container"
    return "local" if has_program("java") and has_program("mvn") else None


@contextmanager
def embedded_kafka() -> Iterator[KafkaEngine]:
    """A running embedded broker."""
    engine = _Embedded()
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


@contextmanager
def apache_kafka() -> Iterator[KafkaEngine | None]:
    """A running Apache Kafka, or None where there can be none.

    One that is given by MAILWRIGHT_TEST_KAFKA must be there for tests only: they delete Mailwright's topics on it.

    Raises:
        RuntimeError, CalledProcessError: It could be had, but did not come up.
    """
    source = choose_kafka(os.environ)
    if source is None:
        yield None
    elif source == "given":
        yield _Given(os.environ["MAILWRIGHT_TEST_KAFKA"])
    else:
        with scratch_folder("kafka") as folder:
            engine = _Container(kafka_version()) if source == "container" else _fetched(folder)
            try:
                engine.start()
                yield engine
            finally:
                engine.erase()


def kafka_version() -> str:
    """The version of Apache Kafka that is pinned for tests."""
    return _kafka_local("version")


def _fetched(folder: Path) -> _Local:
    _kafka_local("fetch")  # here and not at the first start, which has a time limit
    return _Local(folder, kafka_version())


def _kafka_local(command: str) -> str:
    done = subprocess.run(
        (sys.executable, _KAFKA_LOCAL, command), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.strip()
