"""`mailwright restart`: start services of a running stack anew, without a call that fails."""

import asyncio
from typing import Annotated

import typer

from mailwright.console import say
from mailwright.database import DEFAULT_DATA_DIR, DataDir
from mailwright.errors import StartError
from mailwright.rolling import SERVICES, restart

app = typer.Typer(add_completion=False)


@app.command("restart")
def restart_services(
    services: Annotated[list[str] | None, typer.Argument(help="Which ones. Default: all, in turn.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Restart services of the stack of --data-dir one after the other, each ready again before the next."""
    chosen = services or list(SERVICES)
    if strangers := set(chosen) - set(SERVICES):
        raise typer.BadParameter(f"{', '.join(sorted(strangers))}: there are {', '.join(SERVICES)}")
    try:
        asyncio.run(restart(data_dir, chosen, say))
    except StartError as failure:
        say(f"mailwright: {failure}")
        raise typer.Exit(1) from failure
