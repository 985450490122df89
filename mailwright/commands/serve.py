"""`mailwright serve <service>`: how one service process runs."""

import os
import threading
import time
from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer

from mailwright import server

app = typer.Typer(add_completion=False)


class Service(StrEnum):
    """The services; each lives in `services/<name>` and has `create_app()` in its `main`."""

    GATEWAY = "gateway"
    PROVISIONER = "provisioner"
    WARMUP = "warmup"
    THREADS = "threads"
    SIMULATOR = "simulator"


@app.command()
def serve(
    service: Service,
    port: Annotated[int, typer.Option(help="TCP port to listen on; 0 = any free one.", min=0, max=65535)],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    fd: Annotated[
        int | None, typer.Option(help="Listen on this inherited socket instead.", hidden=True)
    ] = None,
    parent_pid: Annotated[
        int | None, typer.Option(help="End when this is no longer the parent.", hidden=True)
    ] = None,
) -> None:
    """Run one service until SIGTERM; its settings are the MAILWRIGHT_* environment variables."""
    if parent_pid is not None:
        threading.Thread(target=_end_with, args=(parent_pid,), daemon=True).start()
    server.run(import_module(f"services.{service}.main").create_app, host, port, fd)


def _end_with(parent: int) -> None:
    """End this process once its supervisor is gone; where the kernel can do that by itself, it is faster."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
