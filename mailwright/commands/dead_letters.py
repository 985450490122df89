"""`mailwright dead-letters list|show|replay|dismiss`: the records that the services could not handle."""

import base64
import json
from contextlib import suppress
from enum import Enum, StrEnum, auto
from functools import partial
from typing import Annotated, Any, NoReturn

import typer

from mailwright.console import say
from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, connected, on_database
from shared.contracts.envelope import Recorded
from shared.db.roles import SERVICES
from shared.errors import Poison
from shared.messaging.answers import is_answered, is_waiting
from shared.messaging.dead_letters import ANSWERED, UNANSWERED, dead_letter_of

app = typer.Typer(
    help="List, show, replay and dismiss records that could not be handled.", add_completion=False
)

DeadLetter = Annotated[
    str, typer.Argument(help="As `list` shows it: the service and a number, such as gateway:7.")
]


class Asked(Enum):
    """What came of asking for a dead letter to be handled again, or to be put away."""

    TAKEN = auto()
    UNKNOWN = auto()
    ANSWERED = auto()
    UNANSWERED = auto()


class State(StrEnum):
    """Where a dead letter is: kept, to be handled again by its service, handled after all, or put away by an operator."""

    KEPT = "kept"
    ASKED = "asked"
    REPLAYED = "replayed"
    DISMISSED = "dismissed"


COMMAND = "dead-letters"


@app.command("list")
def list_dead_letters(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List the dead letters of every service, oldest first; ends with 1 if there are any to see to."""
    shown = on_database(partial(_dead_letters, every), database_url, data_dir)
    for each in shown:
        typer.echo(
            f"{each['id']:<16} {each['state']:<9} {each['code']:<16} {each['attempts']:>3} attempts  "
            f"{each['last_at']}  {each['record']}  {each['reason']}"
        )
    if not shown:
        typer.echo("There are no dead letters.")
    raise typer.Exit(1 if any(each["state"] == State.KEPT for each in shown) else 0)


@app.command()
def show(
    dead_letter: DeadLetter, database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Show one dead letter whole, as JSON: why it died, its headers and its data."""
    service, number = _parse(dead_letter)
    found = on_database(partial(_one_dead_letter, service, number), database_url, data_dir)
    if found is None:
        _refuse(f"there is no dead letter {dead_letter}")
    typer.echo(json.dumps(found, indent=2))


@app.command()
def replay(
    dead_letter: DeadLetter, database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Ask the service to handle a dead letter again; it does within a second, and keeps it if that fails.

    A request that was answered is refused: its client was told that it failed, and has to ask again. One that was not is
    answered so if it fails.
    """
    service, number = _parse(dead_letter)
    asked = on_database(partial(_ask, service, number), database_url, data_dir)
    if asked is Asked.UNKNOWN:
        _refuse(f"there is no dead letter {dead_letter} that was not handled yet")
    if asked is Asked.ANSWERED:
        _refuse(f"{dead_letter} is not handled again. {ANSWERED}")
    typer.echo(f"{dead_letter} will be handled again by the running {service} service")


@app.command()
def dismiss(
    dead_letter: DeadLetter, database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Put a dead letter away that need not be handled, as a request whose client was told; it is deleted in time.

    A request that was not answered is refused: its client waits, until a replay of it succeeds or fails.
    """
    service, number = _parse(dead_letter)
    asked = on_database(partial(_dismiss, service, number), database_url, data_dir)
    if asked is Asked.UNKNOWN:
        _refuse(f"there is no dead letter {dead_letter} that is not over")
    if asked is Asked.UNANSWERED:
        _refuse(f"{dead_letter} is not put away. {UNANSWERED}")
    typer.echo(f"{dead_letter} was put away")


def _parse(dead_letter: str) -> tuple[str, int]:
    service, _, number = dead_letter.partition(":")
    if service not in SERVICES or not number.isdecimal():
        _refuse(f"{dead_letter!r} names no dead letter; `mailwright dead-letters list` shows their names")
    return service, int(number)


def _refuse(sentence: str) -> NoReturn:
    say(f"mailwright: {sentence}")
    raise typer.Exit(2)


async def _dead_letters(every: bool, url: str) -> list[dict[str, Any]]:
    """Return what a list shows: without the records themselves, of which there may be many."""
    dead_letters = []
    for service in SERVICES:
        async with connected(url, service, COMMAND) as connection:
            rows = await connection.fetch(
                """
                select id, topic, partition, record_offset, code, reason, attempts, first_at, last_at, replay_asked_at,
                    replayed_at
                from dead_letters where $1 or replayed_at is null order by id
                """,
                every,
            )
        dead_letters += [_described(service, row) for row in rows]
    return dead_letters


async def _one_dead_letter(service: str, number: int, url: str) -> dict[str, Any] | None:
    async with connected(url, service, COMMAND) as connection:
        row = await connection.fetchrow("select * from dead_letters where id = $1", number)
    if row is None:
        return None
    headers = {
        name: None if value is None else base64.b64decode(value).decode(errors="backslashreplace")
        for name, value in row["headers"]
    }
    return {**_described(service, row), "headers": headers, "data": _readable(row["value"])}


async def _ask(service: str, number: int, url: str) -> Asked:
    async with connected(url, service, COMMAND) as connection:
        row = await connection.fetchrow(
            "select * from dead_letters where id = $1 and replayed_at is null", number
        )
        if row is None:
            return Asked.UNKNOWN
        if (event := _event_of(row)) and await is_answered(connection, event):
            return Asked.ANSWERED
        await connection.execute("update dead_letters set replay_asked_at = now() where id = $1", number)
    return Asked.TAKEN


async def _dismiss(service: str, number: int, url: str) -> Asked:
    async with connected(url, service, COMMAND) as connection, connection.transaction():
        row = await connection.fetchrow(
            "select * from dead_letters where id = $1 and replayed_at is null for update", number
        )
        if row is None:
            return Asked.UNKNOWN
        if (event := _event_of(row)) and await is_waiting(connection, event):
            return Asked.UNANSWERED
        await connection.execute(
            "update dead_letters set replayed_at = now(), replay_asked_at = null where id = $1", number
        )
    return Asked.TAKEN


def _event_of(row: Any) -> Recorded | None:
    """Return the event of a dead letter; None where it cannot be read, and so nobody can answer it by now."""
    with suppress(Poison):
        return dead_letter_of(row).decoded().event
    return None


def _described(service: str, row: Any) -> dict[str, Any]:
    return {
        "id": f"{service}:{row['id']}",
        "state": _state_of(row),
        "code": row["code"],
        "reason": row["reason"],
        "attempts": row["attempts"],
        "record": f"{row['topic']}/{row['partition']}/{_offset(row)}",
        "first_at": row["first_at"].isoformat(timespec="seconds"),
        "last_at": row["last_at"].isoformat(timespec="seconds"),
    }


def _state_of(row: Any) -> State:
    if row["replayed_at"]:
        return State.REPLAYED if row["replay_asked_at"] else State.DISMISSED
    return State.ASKED if row["replay_asked_at"] else State.KEPT


def _offset(row: Any) -> str:
    """Return the record's offset; none where its topic was made anew and another dead letter lay at its place since."""
    return str(row["record_offset"]) if row["record_offset"] >= 0 else "gone"


def _readable(value: bytes | None) -> Any:
    """Return the data as JSON if it is JSON, else as text in which no byte is lost."""
    if value is None:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return value.decode(errors="backslashreplace")
