"""`mailwright keys`: who may call the API."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from mailwright.console import say
from mailwright.database import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, connected, on_database
from services.gateway.security.keys import ACCOUNT_BOUND, KINDS, KeyKind
from services.gateway.security.scopes import POSSIBLE, unknown_to
from services.gateway.security.store import KeyAdmin, StoredKey
from shared.clock import RandomIds, SystemClock
from shared.contracts.requests import Dialect

app = typer.Typer(help="Make, list and revoke API keys.", add_completion=False, no_args_is_help=True)


@app.command()
def create(
    tenant: Annotated[str, typer.Option(help="Whose key it is; made if new.")],
    workspace: Annotated[str, typer.Option(help="What it sees; made if new.")] = "Default",
    dialect: Annotated[Dialect, typer.Option(help="The API it is for.")] = Dialect.PUFFLE,
    prefix: Annotated[
        KeyKind | None, typer.Option(help="The kind of key, where the API has several.")
    ] = None,
    name: Annotated[str, typer.Option(help="To recognise it by.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; repeat. Default: everything.")
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make a key and print it, once: only a hash of it is kept."""
    kind = prefix or KINDS[dialect][0]
    if kind not in KINDS[dialect]:
        raise typer.BadParameter(f"{dialect} has {', '.join(KINDS[dialect])}", param_hint="--prefix")
    if kind in ACCOUNT_BOUND:
        raise typer.BadParameter(f"{kind} keys are made with what they belong to", param_hint="--prefix")
    if scope and unknown_to(kind, scope):
        raise typer.BadParameter(f"there are {', '.join(POSSIBLE[kind])}", param_hint="--scope")

    async def make(url: str) -> str:
        async with _admin(url) as admin:
            key = await admin.create(
                kind=kind, tenant=tenant, workspace=workspace, name=name, scopes=scope or None
            )
            return key.reveal()

    typer.echo(on_database(make, database_url, data_dir))


@app.command("list")
def list_keys(database_url: DatabaseUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """List all keys, newest first; revoked ones too."""

    async def look(url: str) -> Sequence[StoredKey]:
        async with _admin(url) as admin:
            return await admin.list()

    for key in on_database(look, database_url, data_dir):
        state = "revoked" if key.revoked_at else "in force"
        used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        where = f"{key.tenant} / {key.workspace or '(all)'}" if key.tenant else "(no tenant)"
        typer.echo(f"{key.id}  {key.prefix:<8}  {state:<8}  {used:<21}  {where}  {key.name}".rstrip())


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id in the list.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """End a key; the next call with it answers 401."""

    async def end(url: str) -> bool:
        async with _admin(url) as admin:
            return await admin.revoke(key_id)

    if not on_database(end, database_url, data_dir):
        say(f"mailwright: there is no key {key_id} in force")
        raise typer.Exit(1)
    typer.echo(f"revoked {key_id}")


@asynccontextmanager
async def _admin(url: str) -> AsyncIterator[KeyAdmin]:
    async with connected(url, "gateway", "keys") as connection:
        yield KeyAdmin(connection, SystemClock(), RandomIds())
