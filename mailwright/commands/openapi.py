"""`mailwright openapi`: the whole API as one document."""

import json

import typer

from services.gateway.bootstrap import build
from services.gateway.settings import GatewaySettings

app = typer.Typer(add_completion=False)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document that the gateway serves; this is docs/openapi.json."""
    # Nothing is opened: the document does not depend on where the gateway runs.
    settings = GatewaySettings.model_validate({"database_url": "postgresql://", "kafka_bootstrap": "nowhere"})
    typer.echo(json.dumps(build(settings).openapi(), indent=1, ensure_ascii=False))
