"""Which database a command works on: the one it is told, or that of the stack running in this folder."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mailwright.data_dir import read_json
from mailwright.errors import StartError

DatabaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="MAILWRIGHT_DATABASE_URL",
        help="The login that ran the migrations; without it, the stack of --data-dir is meant.",
    ),
]
DataDir: TypeAlias = Annotated[Path, typer.Option(help="Where `mailwright up` keeps everything.")]
DEFAULT_DATA_DIR = Path(".mailwright")


def database_url(given: str | None, data_dir: Path) -> str:
    """Return the database to work on.

    Raises:
        StartError: None was given, and no stack ever ran in `data_dir`.
    """
    found = given or read_json(data_dir / "stack.json").get("database_url")
    if not found:
        raise StartError(f"no database: set MAILWRIGHT_DATABASE_URL, or start the stack of {data_dir} first")
    return str(found)
