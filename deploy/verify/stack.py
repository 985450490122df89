"""The composed system under verification: a project, secrets and a port of its own, so that no other one is disturbed."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.verify.console import Failed, run
from deploy.verify.engine import Engine
from deploy.verify.images import OURS
from deploy.verify.scratch import scratch

PROJECT = "mailwright-verify"
SERVICES = ("gateway", "provisioner", "warmup", "threads", "simulator")
CONTAINERS = ("postgres", "kafka", *SERVICES)
_READY_SECONDS = 420.0
"""A minute on an idle machine; a busy one may take its time."""


class Stack:
    """The containers of the project."""

    def __init__(self, engine: Engine, secrets: Path) -> None:
        port = _free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self._engine = engine
        # Whatever the caller has set for a stack of his own must not shape this one.
        caller = {k: v for k, v in engine.env.items() if not k.startswith(("MAILWRIGHT_", "COMPOSE_"))}
        self._env = {
            **caller,
            "MAILWRIGHT_SECRETS": str(secrets),
            "MAILWRIGHT_HTTP_BIND": f"127.0.0.1:{port}",
            "MAILWRIGHT_IMAGE": OURS,
        }
        self._compose = ["docker", "compose"] if _has_plugin(engine) else ["docker-compose"]

    def compose(self, *arguments: str, within_seconds: float = 900.0) -> str:
        """Run a Compose command on the project and return what it printed."""
        options = ["--project-name", PROJECT, "--env-file", "deploy/compose/simulated.env"]
        argv = [*self._compose, *options, "--profile", "simulator", *arguments]
        return run(argv, env=self._env, within_seconds=within_seconds)

    def make_secrets(self) -> None:
        """Make the secrets of the project as an operator does."""
        run(["deploy/compose/make-secrets"], env=self._env)

    def python(self, service: str, code: str) -> str:
        """Run Python code in a service's container and return what it printed."""
        return self.compose("exec", "-T", service, "python", "-c", code)

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        described: dict[str, Any] = json.loads(self._engine.docker("inspect", container))[0]
        return described

    def crash(self, service: str) -> None:
        """End a service's container with SIGKILL and see it started again.

        With an engine of our own its process is killed behind the engine's back, so that it is the restart policy that
        brings it back; what an engine kills itself, it does not restart.
        """
        container = self.inspect(service)
        if self._engine.is_ours:
            os.kill(container["State"]["Pid"], signal.SIGKILL)
        else:
            self._engine.docker("kill", container["Id"])
            self._engine.docker("start", container["Id"])
        deadline = time.monotonic() + _READY_SECONDS
        while self.inspect(service)["State"]["StartedAt"] == container["State"]["StartedAt"]:
            if time.monotonic() > deadline:
                raise Failed(f"{service} was killed and not started again")
            time.sleep(0.2)

    def wait_healthy(self) -> None:
        """Wait until every container passes its health check. Raises Failed with the name of one that does not."""
        deadline = time.monotonic() + _READY_SECONDS
        for service in CONTAINERS:
            while (health := self.inspect(service)["State"]["Health"]["Status"]) != "healthy":
                if time.monotonic() > deadline:
                    raise Failed(f"{service} is {health}:\n{self.log(service)}")
                time.sleep(0.5)

    def log(self, *services: str) -> str:
        """The last lines that services logged."""
        return self.compose("logs", "--no-color", "--tail", "15", *services)

    def leftovers(self) -> str:
        """Containers, networks and volumes of the project that still exist, one a line."""
        label = f"label=com.docker.compose.project={PROJECT}"
        kinds = (("ps", "--all"), ("network", "ls"), ("volume", "ls"))
        return "".join(self._engine.docker(*kind, "--quiet", "--filter", label) for kind in kinds)


@contextmanager
def composed(engine: Engine) -> Iterator[Stack]:
    """The project, with nothing running yet; afterwards nothing of it is left, neither containers nor data."""
    with scratch("verify") as folder:
        stack = Stack(engine, folder / "secrets")
        stack.make_secrets()
        stack.compose("down", "--volumes", "--remove-orphans")
        try:
            yield stack
        finally:
            stack.compose("down", "--volumes", "--remove-orphans")


def _has_plugin(engine: Engine) -> bool:
    try:
        engine.docker("compose", "version")
    except Failed as missing:
        if shutil.which("docker-compose") is None:
            raise Failed("Docker Compose is needed") from missing
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
