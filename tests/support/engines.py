"""The embedded PostgreSQL and broker for tests: real engines, started once per run, empty databases on demand."""

import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from mailwright import broker, postgres
from mailwright.ports import free_port
from mailwright.processes import Program, last_line, spawn


@contextmanager
def embedded_postgres() -> Iterator[str]:
    """A server of its own, yielded as its administrator's URL; stopped and erased afterwards."""
    with scratch_folder("postgres") as folder:
        data, log = folder / "data", folder / "postgres.log"
        if spawn(postgres.make_data_program(data, log)).wait(60) != 0:
            raise RuntimeError(f"initdb failed: {last_line(log)}")
        postgres.keep_data(data)
        port = free_port()
        program = postgres.server_program(data, port, log, durable=False)
        with running(program, lambda pid: postgres.is_ready(data, pid)):
            yield postgres.database_url(port)


@contextmanager
def embedded_broker(port: int | None = None) -> Iterator[str]:
    """An empty broker, yielded as its bootstrap address. Leave and enter again with the same port to lose all records."""
    with scratch_folder("broker") as folder:
        chosen = port or free_port()
        with running(broker.server_program(chosen, folder / "broker.log"), lambda _: broker.is_ready(chosen)):
            yield broker.bootstrap_servers(chosen)


async def new_database(server_url: str, template: str | None = None) -> str:
    """Make an empty database (or a copy of the database named `template`, which nobody may be using) and give its URL."""
    name = f"t_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(
            f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else "")
        )
    finally:
        await connection.close()
    return server_url.rsplit("/", 1)[0] + f"/{name}"


async def drop_database(url: str) -> None:
    """Remove a database made by `new_database`, with whatever is still connected to it."""
    server, name = url.rsplit("/", 1)
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@contextmanager
def running(
    program: Program, is_ready: Callable[[int], bool], *, within_seconds: float = 30.0
) -> Iterator[None]:
    """Run a server: it answers when the block is entered, and is stopped when it is left."""
    child = spawn(program)
    try:
        deadline = time.monotonic() + within_seconds
        while not is_ready(child.pid):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{program.name} did not start: {last_line(program.log)}")
            time.sleep(0.01)
        yield
    finally:
        _stop(child, program)


def _stop(child: subprocess.Popen[bytes], program: Program) -> None:
    if child.poll() is None:
        child.send_signal(program.stop_signal)
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """A folder for a server's data, erased afterwards.

    It is not one of pytest's: when root runs the tests PostgreSQL runs as another user, who may not enter those.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"mailwright-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
