"""`mailwright keys`: who may call the API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from services.gateway.security.keys import PREFIXES, SCOPES
from services.gateway.security.store import KeyAdmin
from shared.clock import RandomIds, SystemClock
from shared.contracts.requests import Dialect
from shared.db.pool import connect

app = typer.Typer(add_completion=False, help="Make, list and revoke API keys.", no_args_is_help=True)

DatabaseUrl = Annotated[
    str, typer.Option(envvar="MAILWRIGHT_DATABASE_URL", help="The database of the stack.", show_envvar=True)
]


@app.command()
def create(
    database_url: DatabaseUrl,
    tenant: Annotated[str, typer.Option(help="Whose key it is; made if new.")],
    workspace: Annotated[str, typer.Option(help="What it sees; made if new.")] = "Default",
    dialect: Annotated[Dialect, typer.Option(help="The API it is for.")] = Dialect.PUFFLE,
    prefix: Annotated[str, typer.Option(help="The kind of key, where the API has several.")] = "",
    name: Annotated[str, typer.Option(help="To recognise it by.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; repeat. Default: everything.")
    ] = None,
) -> None:
    """Make a key and print it, once: only a hash of it is kept."""
    kinds = PREFIXES[dialect]
    kind = prefix or kinds[0]
    scopes = tuple(scope or SCOPES)
    if kind not in kinds:
        raise typer.BadParameter(f"{dialect} has keys of the kind {', '.join(kinds)}", param_hint="--prefix")
    if unknown := set(scopes) - set(SCOPES):
        raise typer.BadParameter(f"unknown: {', '.join(sorted(unknown))}", param_hint="--scope")

    async def make() -> str:
        async with _admin(database_url) as admin:
            key = await admin.create(
                dialect=dialect, prefix=kind, tenant=tenant, workspace=workspace, name=name, scopes=scopes
            )
            return key.reveal()

    typer.echo(asyncio.run(make()))


@app.command("list")
def list_keys(database_url: DatabaseUrl) -> None:
    """List all keys, newest first; revoked ones too."""

    async def look() -> None:
        async with _admin(database_url) as admin:
            for key in await admin.list():
                state = "revoked" if key.revoked_at else "in force"
                used = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
                where = f"{key.tenant} / {key.workspace or '(all)'}"
                typer.echo(f"{key.id}  {key.prefix:<9}  {state:<8}  {used:<27}  {where}  {key.name}".rstrip())

    asyncio.run(look())


@app.command()
def revoke(
    database_url: DatabaseUrl, key_id: Annotated[str, typer.Argument(help="The id in the list.")]
) -> None:
    """End a key; the next call with it answers 401."""

    async def end() -> bool:
        async with _admin(database_url) as admin:
            return await admin.revoke(key_id)

    if not asyncio.run(end()):
        typer.echo(f"mailwright: there is no key {key_id} in force", err=True)
        raise typer.Exit(1)
    typer.echo(f"revoked {key_id}")


@asynccontextmanager
async def _admin(database_url: str) -> AsyncIterator[KeyAdmin]:
    connection = await connect(
        database_url, schema="gateway", role="mailwright_gateway", application="mailwright-keys"
    )
    try:
        yield KeyAdmin(connection, SystemClock(), RandomIds())
    finally:
        await connection.close()
