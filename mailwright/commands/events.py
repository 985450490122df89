"""`mailwright events replay`: have a service send a part of its event log again."""

from enum import StrEnum
from typing import Annotated

import typer

from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, connected, on_database
from shared.contracts import envelope
from shared.messaging.log_store import ask_for_replay
from shared.messaging.wire import ReplayRequested

app = typer.Typer(help="Work with the event logs.", add_completion=False)


class Producer(StrEnum):
    """The services that keep an event log."""

    GATEWAY = "gateway"
    PROVISIONER = "provisioner"
    WARMUP = "warmup"
    THREADS = "threads"


class Topic(StrEnum):
    """The topics of a log."""

    ACCOUNTS = envelope.ACCOUNTS
    DOMAINS = envelope.DOMAINS
    THREADS = envelope.THREADS


@app.callback()
def _events() -> None:
    """Work with the event logs."""


@app.command()
def replay(
    service: Annotated[Producer, typer.Option(help="Whose log.")],
    topic: Annotated[Topic, typer.Option(help="Which topic of it.")],
    partition: Annotated[int, typer.Option(help="Which partition of it.", min=0)],
    after: Annotated[
        int, typer.Option(help="The last position that need not be sent; 0 = send all.", min=0)
    ] = 0,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Have a running service send its published events beyond a position again; whoever has them ignores them."""

    async def ask(url: str) -> int:
        async with connected(url, service.value, "events") as connection:
            await ask_for_replay(connection, ReplayRequested(service, topic, partition, after))
            published = await connection.fetchval(
                "select published from relay_cursor where topic = $1 and partition = $2",
                topic,
                partition,
            )
        return max(0, (published or 0) - after)

    count = on_database(ask, database_url, data_dir)
    typer.echo(f"{service} will send {count} events of {topic} partition {partition} again")
