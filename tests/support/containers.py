"""Engines in containers, where a container engine answers: Apache Kafka and PostgreSQL from their official images."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import docker  # type: ignore[import-untyped]
from docker.errors import DockerException  # type: ignore[import-untyped]
from requests.exceptions import RequestException
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import wait_for_logs

from mailwright.ports import accepts, free_port

POSTGRES_IMAGE = "postgres:18"
_KAFKA_PORT = 9092


def container_engine_answers() -> bool:
    """Whether a container engine really answers, not only whether its client is installed."""
    try:
        client = docker.from_env(timeout=3)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (DockerException, RequestException, OSError):
        return False


class KafkaContainer:
    """One broker on a fixed port of this machine, so that clients find it again after a restart."""

    def __init__(self, version: str) -> None:
        self.port = free_port()
        self._image = f"apache/kafka:{version}"
        self._container: DockerContainer | None = None

    def start(self) -> None:
        """Start it, or start it again with the records it had."""
        if self._container is None:
            self._container = self._described()
            self._container.start()
        else:
            self._container.get_wrapped_container().start()
        deadline = time.monotonic() + 60
        while not accepts(self.port):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._image} did not start")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it in good order; its records stay."""
        if self._container is not None:
            self._container.get_wrapped_container().stop(timeout=10)

    def erase(self) -> None:
        """Remove it with everything it holds."""
        if self._container is not None:
            self._container.stop()
            self._container = None

    def _described(self) -> DockerContainer:
        container = DockerContainer(self._image).with_bind_ports(_KAFKA_PORT, self.port)
        return container.with_envs(
            KAFKA_NODE_ID="1",
            KAFKA_PROCESS_ROLES="broker,controller",
            KAFKA_CONTROLLER_QUORUM_VOTERS="1@localhost:9093",
            KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER",
            KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            KAFKA_LISTENERS=f"PLAINTEXT://:{_KAFKA_PORT},CONTROLLER://:9093",
            KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://127.0.0.1:{self.port}",
            KAFKA_AUTO_CREATE_TOPICS_ENABLE="false",
            KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
            KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1",
            KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
            KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
        )


@contextmanager
def postgres_container() -> Iterator[str]:
    """A PostgreSQL server, yielded as its administrator's URL; removed afterwards."""
    port = free_port()
    container = (
        DockerContainer(POSTGRES_IMAGE).with_bind_ports(5432, port).with_env("POSTGRES_PASSWORD", "postgres")
    )
    with container:
        # The image starts the server twice: the second time is for good, and it says so on its error stream.
        wait_for_logs(container, "(?s)ready to accept connections.*ready to accept connections", timeout=60)
        yield f"postgresql://postgres:postgres@127.0.0.1:{port}/postgres"
