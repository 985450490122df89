"""Which commands `mailwright` has: one file each in `mailwright/commands`, loaded only when it is asked for."""

import pkgutil
from importlib import import_module

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from mailwright import commands


class _Commands(TyperGroup):
    """Loads a command when it is used: every service process starts here, and must not pay for the others."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override] # noqa: ARG002
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | TyperGroup | None:  # type: ignore[override]
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"mailwright.commands.{cmd_name.replace('-', '_')}")
        command: TyperCommand | TyperGroup = get_command(module.app)  # type: ignore[assignment]
        return command


app = typer.Typer(
    cls=_Commands,
    name="mailwright",
    add_completion=False,
    pretty_exceptions_enable=False,  # a log wants the error on its last line, and no values of variables
)


@app.callback()
def _mailwright() -> None:
    """Email sender accounts, provisioned and warmed through one HTTP API."""
