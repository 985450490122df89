"""`mailwright messages list|resolve`: messages that are on their way, and those of which nobody knows whether they left."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from mailwright.console import say
from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, connected, on_database
from services.threads.resolving import NotResolvable, OpenMessage, open_messages
from services.threads.resolving import resolve as record
from shared.clock import RandomIds, SystemClock
from shared.messaging.recorder import Recorder

app = typer.Typer(
    help="List messages that are not settled, and settle those of unknown outcome.",
    add_completion=False,
    no_args_is_help=True,
)


@app.command("list")
def list_messages(
    unknown: Annotated[bool, typer.Option("--unknown", help="Only those of unknown outcome.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List the messages that are on their way or of unknown outcome; ends with 1 if there are any of the latter."""

    async def look(url: str) -> Sequence[OpenMessage]:
        async with connected(url, "threads", "messages") as connection:
            return await open_messages(connection, only_unknown=unknown)

    found = on_database(look, database_url, data_dir)
    for message in found:
        typer.echo(
            f"{message.id}  {message.status:<8} {message.created_at:%Y-%m-%d %H:%M}  {message.attempts:>3} attempts  "
            f"{message.from_email} to {message.to_email}  {message.failure_code or ''}".rstrip()
        )
    if not found:
        typer.echo("There are no such messages.")
    raise typer.Exit(1 if any(message.status == "unknown" for message in found) else 0)


@app.command()
def resolve(
    message_id: Annotated[UUID, typer.Argument(help="The id in the list.")],
    sent: Annotated[
        bool, typer.Option("--sent/--failed", help="What the recipient, or the provider, says became of it.")
    ],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Record that a message of unknown outcome was sent, or that it was not; it is never sent again."""

    async def decide(url: str) -> str | None:
        async with connected(url, "threads", "messages") as connection:
            try:
                await record(connection, Recorder(SystemClock(), RandomIds()), message_id, was_sent=sent)
            except NotResolvable as reason:
                return str(reason)
        return None

    refusal = on_database(decide, database_url, data_dir)
    if refusal is not None:
        say(f"mailwright: {refusal}")
        raise typer.Exit(1)
    typer.echo(f"{message_id} is {'sent' if sent else 'failed'}")
