"""Which database a command works on, and how it ends when that database or the work on it fails."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import asyncpg
import typer

from mailwright.console import say
from mailwright.data_dir import read_json
from mailwright.errors import StartError
from shared.db.pool import OUTAGE
from shared.errors import MailwrightError

Result = TypeVar("Result")

DatabaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="MAILWRIGHT_DATABASE_URL",
        help="The login that ran the migrations; without it, the stack of --data-dir is meant.",
    ),
]
DataDir: TypeAlias = Annotated[Path, typer.Option(help="Where `mailwright up` keeps everything.")]
DEFAULT_DATA_DIR = Path(".mailwright")


def on_database(job: Callable[[str], Coroutine[Any, Any, Result]], url: str | None, data_dir: Path) -> Result:
    """Do a job on the database of `url`, or on that of the stack in `data_dir`; a failure is one line and exit code 2."""
    try:
        return asyncio.run(job(_database_url(url, data_dir)))
    except (StartError, MailwrightError, asyncpg.PostgresError, *OUTAGE) as failure:
        say(f"mailwright: {failure or type(failure).__name__}")
        raise typer.Exit(2) from failure


def _database_url(given: str | None, data_dir: Path) -> str:
    found = given or read_json(data_dir / "stack.json").get("database_url")
    if not found:
        raise StartError(f"no database: set MAILWRIGHT_DATABASE_URL, or start the stack of {data_dir} first")
    return str(found)
