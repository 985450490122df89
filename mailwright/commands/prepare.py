"""`mailwright prepare`: what a stack needs before its services start, in one process: schema, topics and demo keys."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from pydantic_settings import BaseSettings, SettingsConfigDict

from mailwright.data_dir import read_json, write_json
from shared.db.migrate import migrate
from shared.messaging.broker import KafkaSettings
from shared.messaging.topics import create_topics

app = typer.Typer(add_completion=False)


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MAILWRIGHT_")

    database_url: str
    kafka_bootstrap: str
    kafka_idempotence: bool = True
    topic_partitions: int = 6


@app.command(hidden=True)
def prepare(
    demo_file: Annotated[Path, typer.Option(help="Where the demo keys are kept.")],
    new_keys: Annotated[bool, typer.Option(help="Replace demo keys that no longer work.")] = False,
) -> None:
    """Bring schema and topics up to date and make the demo keys if there are none; safe to repeat."""
    asyncio.run(_prepare(_Settings(), demo_file, new_keys=new_keys))


async def _prepare(settings: _Settings, demo_file: Path, *, new_keys: bool) -> None:
    kafka = KafkaSettings(
        bootstrap=settings.kafka_bootstrap,
        idempotence=settings.kafka_idempotence,
        partitions=settings.topic_partitions,
    )
    await asyncio.gather(migrate(settings.database_url), create_topics(kafka))
    kept = read_json(demo_file)
    if new_keys or "keys" not in kept:
        # By name: loading the gateway takes longer than everything else here, and only a first start needs it.
        made = await import_module("services.gateway.demo").ensure_demo_keys(settings.database_url)
        write_json(demo_file, {**kept, **made})
