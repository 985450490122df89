"""Which parts the embedded stack has, on which ports, and the order in which they start and stop."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mailwright import broker, environment, postgres
from mailwright.clock_file import ClockFile
from mailwright.console import Say
from mailwright.data_dir import read_json, write_json
from mailwright.environment import SIMULATED_DNS, Options
from mailwright.errors import StartError
from mailwright.leftovers import end_leftovers, trace
from mailwright.ports import (
    HOST,
    answers_ok,
    claimed,
    free_port,
    is_free,
    is_started,
    listener,
    status_of,
    troubles_of,
)
from mailwright.processes import Program
from mailwright.rolling import SERVICES
from mailwright.secrets_file import load_or_make
from mailwright.supervisor import Part, Supervisor
from shared.clock import SystemClock

_PORTED = (*SERVICES, "simulator", SIMULATED_DNS, "postgres", "broker")
_START_WITHIN_SECONDS = 60.0
_STOP_SERVICES_SECONDS = 3.5
_STOP_SECONDS = 4.5
_COLLECT_SECONDS = 5.0
_ORPHANS_SECONDS = 20.0


class Stack:
    """One data directory's stack. The caller holds the directory's lock, calls `start` once and then `stop`."""

    def __init__(self, options: Options, say: Say, caller: Mapping[str, str] = os.environ) -> None:
        """`caller` is the environment whose MAILWRIGHT_* variables replace parts of the stack."""
        self._root = options.data_dir
        self._options = options
        self._say = say
        self._caller = caller
        self._state: dict[str, Any] = {}
        self.supervisor = Supervisor(
            say, self._remember, longest_pause_seconds=environment.longest_restart_pause_seconds(caller)
        )
        self._background: list[asyncio.Task[None]] = []
        self._public: socket.socket | None = None
        self._claims: dict[str, socket.socket] = {}

    @property
    def base_url(self) -> str:
        """Where the public API answers."""
        return f"http://{HOST}:{self._state['ports']['gateway']}"

    @property
    def simulator_url(self) -> str:
        """Where the simulated providers answer."""
        return f"http://{HOST}:{self._state['ports']['simulator']}"

    @property
    def demo_key(self) -> str:
        """The Puffle key of the first tenant."""
        return str(read_json(self._file("demo"))["keys"]["puffle"])

    async def start(self) -> None:
        """Start every part and return when all are ready. Raises StartError with one line for a person."""
        left = end_leftovers(read_json(self._file("stack")).get("processes", {}))
        if left:
            self._say(f"ended what an earlier run left behind: {', '.join(left)}")
        self._state = {"ports": self._choose_ports(), "processes": {}}
        self._public = listener(self._state["ports"]["gateway"])
        calendar = ClockFile(
            self._file("clock"),
            SystemClock(),
            self._options.day_seconds,
            is_real=not environment.embeds_warmup_provider(self._caller),
        )
        self._background.append(asyncio.create_task(calendar.keep_beating()))
        secrets = load_or_make(self._file("secrets"))
        self._env = environment.settings(
            self._options, self._state["ports"], secrets, calendar.settings, self._caller
        )
        self._state["database_url"] = self._env["MAILWRIGHT_DATABASE_URL"]
        self._state["kafka_bootstrap"] = self._env["MAILWRIGHT_KAFKA_BOOTSTRAP"]
        await _together(self._start_postgres, self._start_broker, self._start_simulator)
        await self._timed("schema and topics", self._prepare())
        await _together(*(self._starter(name) for name in SERVICES))
        await self._make_keys_work()

    async def stop(self) -> None:
        """Stop everything within 4.5 seconds: services finish first, while what they need still runs."""
        for task in self._background:
            task.cancel()
        if self._public:
            self._public.close()
        for claim in self._claims.values():
            claim.close()
        await self.supervisor.stop(
            [(frozenset((*SERVICES, "prepare")), _STOP_SERVICES_SECONDS), (None, _STOP_SECONDS)]
        )

    async def _start_postgres(self) -> None:
        if not environment.embeds_postgres(self._caller):
            return
        data, log = self._root / "postgres", self._log("postgres")
        if postgres.needs_data(data):
            self._say("making the database (first start only) …")
            await self.supervisor.run(postgres.make_data_program(data, log), _START_WITHIN_SECONDS)
            postgres.keep_data(data)
        await _collected(data)

        async def is_ready(pid: int) -> bool:
            return postgres.is_ready(data, pid)

        program = postgres.server_program(data, self._state["ports"]["postgres"], log)
        await self._launch("PostgreSQL", Part(program, is_ready))

    async def _start_broker(self) -> None:
        if not environment.embeds_broker(self._caller):
            return
        port = self._state["ports"]["broker"]

        async def is_ready(_: int) -> bool:
            return broker.is_ready(port)

        part = Part(broker.server_program(port, self._log("broker")), is_ready, after_restart=self._prepare)
        await self._launch("broker", part)

    async def _start_simulator(self) -> None:
        if environment.embeds_simulator(self._caller):
            self._claims[SIMULATED_DNS].close()  # which is answered over UDP
            await self._starter("simulator")()

    def _starter(self, service: str) -> Callable[[], Awaitable[None]]:
        port = self._state["ports"][service]

        async def is_ready(_: int) -> bool:
            return await is_started(port)

        async def is_alive() -> bool:
            return await answers_ok(port, "/health/live")

        async def trouble() -> str | None:
            return (await troubles_of(port)).get("consumer")

        options = ["--port", str(port), "--parent-pid", str(os.getpid())]
        fds: tuple[int, ...] = ()
        if service == "gateway" and self._public:
            fds = (self._public.fileno(),)
            options += ["--fd", str(fds[0])]
        program = replace(self._python(service, "serve", service, *options), fds=fds)
        return lambda: self._launch(service, Part(program, is_ready, is_alive, trouble))

    async def _prepare(self, *options: str) -> None:
        """Bring schema, topics and demo keys up to date, in a process of its own that can be stopped at any point."""
        program = self._python("prepare", "prepare", "--demo-file", str(self._file("demo")), *options)
        await self.supervisor.run(program, _START_WITHIN_SECONDS)

    async def _launch(self, title: str, part: Part) -> None:
        port = self._state["ports"][part.name]
        await self._timed(f"{title} on {HOST}:{port}", self.supervisor.start(part, _START_WITHIN_SECONDS))

    async def _timed(self, title: str, step: Awaitable[None]) -> None:
        since = time.monotonic()
        await step
        self._say(f"  ready  {title} ({time.monotonic() - since:.1f} s)")

    def _python(self, name: str, *arguments: str) -> Program:
        return Program(name, (sys.executable, "-m", "mailwright", *arguments), self._log(name), env=self._env)

    def _choose_ports(self) -> dict[str, int]:
        """The ports of last time where they are still free, claimed for us; the two public ones as asked, or not at all."""
        last: dict[str, int] = read_json(self._file("stack")).get("ports", {})
        asked = {"gateway": self._options.port, "simulator": self._options.simulator_port}
        for name, port in asked.items():
            if port and not is_free(port):
                option = "--port" if name == "gateway" else "--simulator-port"
                raise StartError(
                    f"port {port} is taken: stop what listens there, or choose another with {option}"
                )
        chosen: dict[str, int] = {}
        for name in _PORTED:
            if asked.get(name):
                chosen[name] = asked[name]
                continue
            port = last.get(name, 0)
            while not port or port in asked.values() or not (claim := claimed(port)):
                port = free_port()
            chosen[name], self._claims[name] = port, claim
        return chosen

    def _remember(self, pids: Mapping[str, int]) -> None:
        traces = {name: left for name, pid in pids.items() if (left := trace(pid))}
        self._state["processes"] = traces
        write_json(self._file("stack"), self._state)

    async def _make_keys_work(self) -> None:
        """Complete the demo file; its keys are from an earlier start, and may have been revoked since."""
        if await status_of(self._state["ports"]["gateway"], "/api/email/accounts", self.demo_key) == 401:
            self._say("the demo keys no longer work: making new ones")
            await self._prepare("--new-keys")
        keys = read_json(self._file("demo"))
        write_json(
            self._file("demo"), {**keys, "base_url": self.base_url, "simulator_url": self.simulator_url}
        )

    def _file(self, name: str) -> Path:
        return self._root / f"{name}.json"

    def _log(self, name: str) -> Path:
        return self._root / "logs" / f"{name}.log"


async def _collected(data: Path) -> None:
    """Wait until a database that was killed with its supervisor has left the process table, and its own processes too."""
    since = time.monotonic()
    while postgres.is_uncollected(data):
        if time.monotonic() > since + _COLLECT_SECONDS:
            postgres.forget_server(data)
        await asyncio.sleep(0.05)
    while postgres.has_orphans(data) and time.monotonic() < since + _ORPHANS_SECONDS:
        await asyncio.sleep(0.05)


async def _together(*starts: Callable[[], Awaitable[None]]) -> None:
    """Run the starts at once; the first failure cancels the others and is raised alone."""

    async def run(start: Callable[[], Awaitable[None]]) -> None:
        await start()

    try:
        async with asyncio.TaskGroup() as group:
            for start in starts:
                group.create_task(run(start))
    except* StartError as failures:
        raise StartError(str(failures.exceptions[0])) from failures
