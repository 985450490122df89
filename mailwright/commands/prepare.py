"""`mailwright prepare`: what a stack needs before its services start, in one process: schema, topics and demo keys."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from mailwright.data_dir import read_json, write_json
from shared.db.migrate import migrate
from shared.messaging.topics import create_topics
from shared.settings import CommonSettings

app = typer.Typer(add_completion=False)


@app.command(hidden=True)
def prepare(
    demo_file: Annotated[Path, typer.Option(help="Where the demo keys are kept.")],
    new_keys: Annotated[bool, typer.Option(help="Replace demo keys that no longer work.")] = False,
) -> None:
    """Bring schema and topics up to date and make the demo keys if there are none; safe to repeat."""
    asyncio.run(_prepare(CommonSettings(), demo_file, new_keys=new_keys))


async def _prepare(settings: CommonSettings, demo_file: Path, *, new_keys: bool) -> None:
    database_url = settings.database_url.get_secret_value()
    await asyncio.gather(migrate(database_url), create_topics(settings.kafka()))
    kept = read_json(demo_file)
    if new_keys or "keys" not in kept:
        # By name: loading the gateway takes longer than everything else here, and only a first start needs it.
        made = await import_module("services.gateway.demo").ensure_demo_keys(database_url)
        write_json(demo_file, {**kept, **made})
