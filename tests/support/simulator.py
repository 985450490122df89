"""A simulator on a port of its own, with its ground truth at hand."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from services.simulator.main import build
from services.simulator.settings import SimulatorSettings
from shared.clock import Clock

Json = dict[str, Any]

DEFAULTS = SimulatorSettings(simulator_job_seconds=0.05, simulator_verify_seconds=0.05, simulator_dns_port=0)
HEADERS = {"authorization": "Bearer am_test"}


@dataclass
class Simulated:
    """A running simulator: its base URL, a client that sends a key, and shortcuts into the control API."""

    url: str
    http: httpx.Client

    def post(self, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        return self.http.post(path, json=body if body is not None else {}, headers=headers)

    def ledger(self, effect: str | None = None) -> list[Json]:
        entries: list[Json] = self.http.get("/_sim/ledger").json()["entries"]
        return [entry for entry in entries if effect in {None, entry["effect"]}]

    def calls(self, operation: str | None = None) -> list[Json]:
        entries: list[Json] = self.http.get("/_sim/calls").json()["entries"]
        return [entry for entry in entries if operation in {None, entry["operation"]}]

    def fault(self, provider: str, operation: str, kind: str, **more: Any) -> str:
        body = {"provider": provider, "operation": operation, "kind": kind, **more}
        answer = self.post("/_sim/faults", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def advance(self, days: float) -> None:
        assert self.post("/_sim/clock", {"advance_days": days}).status_code == 200

    def knobs(self, **knobs: Any) -> None:
        assert self.post("/_sim/knobs", knobs).status_code == 200

    @property
    def dns(self) -> str:
        """Host and port where the simulated DNS answers."""
        return str(self.http.get("/_sim/dns").json()["server"])

    def publish(self, kind: str, name: str, content: str, priority: int | None = None) -> str:
        """Publish a record as the owner of a domain does at another host; returns its id."""
        sent = {"type": kind, "name": name, "content": content, "priority": priority}
        answer = self.post("/_sim/dns", sent)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def inbox(self, username: str, domain: str = "myagentmail.com", **more: Any) -> httpx.Response:
        return self.post("/agentmail/v0/inboxes", {"username": username, "domain": domain, **more})

    def inbox_key(self, address: str, name: str = "login") -> str:
        answer = self.post(f"/agentmail/v0/inboxes/{address}/api-keys", {"name": name})
        return str(answer.json()["api_key"])

    def sender(self, address: str, password: str, **more: Any) -> httpx.Response:
        return self.post("/instantly/api/v2/accounts", {**sender_fields(address, password), **more})

    def warmed(self, username: str) -> str:
        """Make an inbox and a sender and accept its warmup; return the address."""
        address = f"{username}@myagentmail.com"
        assert self.inbox(username).status_code == 200
        assert self.sender(address, self.inbox_key(address)).status_code == 200
        assert self.enable(address).status_code == 200
        return address

    def enable(self, *addresses: str) -> httpx.Response:
        return self.post("/instantly/api/v2/accounts/warmup/enable", {"emails": list(addresses)})

    def account(self, address: str) -> Json:
        found: Json = self.http.get(f"/instantly/api/v2/accounts/{address}").json()
        return found


def sender_fields(address: str, password: str) -> Json:
    """The twelve fields that connect an AgentMail inbox at Instantly."""
    return {
        "email": address,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "provider_code": 1,
        "imap_username": address,
        "imap_password": password,
        "imap_host": "imap.agentmail.to",
        "imap_port": 993,
        "smtp_username": address,
        "smtp_password": password,
        "smtp_host": "smtp.agentmail.to",
        "smtp_port": 465,
    }


@contextmanager
def running_simulator(
    settings: SimulatorSettings | None = None, clock: Clock | None = None
) -> Iterator[Simulated]:
    """Run a simulator under uvicorn in a thread, on an ephemeral port."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = build(settings or DEFAULTS, clock)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with httpx.Client(
            base_url=url, headers=HEADERS, timeout=10.0, trust_env=False, verify=False
        ) as client:
            yield Simulated(url, client)
    finally:
        server.should_exit = True
        thread.join(timeout=10.0)
        listener.close()


class SimulatorProcess:
    """A simulator in a process of its own, to be killed."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port

    @contextmanager
    def running(self) -> Iterator[Simulated]:
        """Start it, wait until it answers, and kill it with -9 at the end."""
        command = [sys.executable, "-m", "uvicorn", "--factory", "services.simulator.main:create_app"]
        environment = {
            **os.environ,
            "MAILWRIGHT_SIMULATOR_DATA": str(self._folder),
            "MAILWRIGHT_SIMULATOR_JOB_SECONDS": "0.5",
        }
        process = subprocess.Popen(
            [*command, "--port", str(self._port), "--no-access-log"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{self._port}"
        transport = httpx.HTTPTransport(retries=8)  # connection refused: 0 + 0.5 + 1 + 2 … seconds
        try:
            with httpx.Client(
                base_url=url, headers=HEADERS, timeout=10.0, transport=transport, trust_env=False
            ) as client:
                assert client.get("/health/ready").status_code == 200
                yield Simulated(url, client)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=10.0)
