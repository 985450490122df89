"""`mailwright topics create`: create the topics with their partitions; safe to repeat, refuses to re-key."""

import asyncio
from typing import Annotated

import typer

from shared.errors import MailwrightError
from shared.messaging.broker import KafkaSettings
from shared.messaging.topics import create_topics

app = typer.Typer(help="Create Mailwright's topics.")


@app.callback()
def _topics() -> None:
    """Create Mailwright's topics."""


@app.command()
def create(
    bootstrap: Annotated[str, typer.Option(envvar="MAILWRIGHT_KAFKA_BOOTSTRAP")],
    partitions: Annotated[int, typer.Option(envvar="MAILWRIGHT_TOPIC_PARTITIONS")] = 6,
    replication: Annotated[int, typer.Option(envvar="MAILWRIGHT_TOPIC_REPLICATION")] = 1,
) -> None:
    """Create what is missing; a topic with another partition count is an error, because changing it re-keys."""
    settings = KafkaSettings(bootstrap=bootstrap, partitions=partitions, replication=replication)
    try:
        created = asyncio.run(create_topics(settings))
    except MailwrightError as error:
        typer.echo(f"mailwright: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Created: {', '.join(created)}" if created else "Every topic is there already.")
