"""Which database a command works on, and how it ends when that database or the work on it fails."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import asyncpg
import typer

from mailwright.console import say
from mailwright.data_dir import read_json
from mailwright.errors import StartError
from shared.db.pool import OUTAGE, Connection, connect
from shared.errors import MailwrightError

Result = TypeVar("Result")

DatabaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="MAILWRIGHT_DATABASE_URL",
        help="The login that ran the migrations; without it and without a file of that name in"
        " MAILWRIGHT_SECRETS_DIR, the stack of --data-dir is meant.",
    ),
]
DataDir: TypeAlias = Annotated[Path, typer.Option(help="Where `mailwright up` keeps everything.")]
DEFAULT_DATA_DIR = Path(".mailwright")


def on_database(job: Callable[[str], Coroutine[Any, Any, Result]], url: str | None, data_dir: Path) -> Result:
    """Do a job on the database of `url`, of the secret file or of the stack in `data_dir`, in this order.

    A failure is one line and exit code 2.
    """
    try:
        return asyncio.run(job(_database_url(url, data_dir)))
    except (StartError, MailwrightError, asyncpg.PostgresError, *OUTAGE) as failure:
        say(f"mailwright: {failure or type(failure).__name__}")
        raise typer.Exit(2) from failure


@asynccontextmanager
async def connected(url: str, service: str, command: str) -> AsyncIterator[Connection]:
    """Give a connection with the schema and the rights of a service, which the database shows as the command's."""
    connection = await connect(
        url, schema=service, role=f"mailwright_{service}", application=f"mailwright-{command}"
    )
    try:
        yield connection
    finally:
        await connection.close()


def _database_url(given: str | None, data_dir: Path) -> str:
    found = given or _secret_file() or read_json(data_dir / "stack.json").get("database_url")
    if not found:
        raise StartError(f"no database: set MAILWRIGHT_DATABASE_URL, or start the stack of {data_dir} first")
    return str(found)


def _secret_file() -> str | None:
    """The URL as the services of a container find it: in a file, because anybody may read a container's environment."""
    folder = os.environ.get("MAILWRIGHT_SECRETS_DIR")
    file = Path(folder, "mailwright_database_url") if folder else None
    return file.read_text().strip() if file and file.is_file() else None
