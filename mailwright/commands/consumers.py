"""`mailwright consumers list|resume`: which services stopped consuming because too many records died, and their going on."""

from functools import partial
from typing import Annotated

import typer

from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, connected, on_database
from shared.db.roles import SERVICES
from shared.messaging import halts

app = typer.Typer(
    help="See which services consume, and let one go on that was halted by too many dead letters.",
    add_completion=False,
)

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]


@app.command("list")
def list_consumers(database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """List the services and whether they may consume; ends with 1 if one is halted."""
    found = {service: on_database(partial(_halt_of, service), database_url, data_dir) for service in SERVICES}
    for service, halt in found.items():
        state = f"halted    {halt.at.isoformat(timespec='seconds')}  {halt.reason}" if halt else "consumes"
        typer.echo(f"{service:<12} {state}")
    raise typer.Exit(1 if any(found.values()) else 0)


@app.command()
def resume(service: Service, database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Let every process of a halted service consume again, within a second; mend what it could not handle first."""
    if service not in SERVICES:
        raise typer.BadParameter(f"{service}: there are {', '.join(SERVICES)}")
    if not on_database(partial(_resume, service), database_url, data_dir):
        typer.echo(f"{service} was not halted")
        return
    typer.echo(f"{service} consumes again; what it kept waits in `mailwright dead-letters list`")


async def _halt_of(service: str, url: str) -> halts.Halt | None:
    async with connected(url, service, "consumers") as connection:
        return await halts.current(connection)


async def _resume(service: str, url: str) -> bool:
    async with connected(url, service, "consumers") as connection:
        return await halts.lift(connection)
