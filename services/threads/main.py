"""Where the threads process starts: settings in, an ASGI app out."""

from __future__ import annotations

from starlette.applications import Starlette

from services.threads.bootstrap import build
from services.threads.settings import ThreadsSettings
from shared.observability.logging import configure_logging


def create_app() -> Starlette:
    """Build the service from its environment."""
    settings = ThreadsSettings()
    configure_logging("threads", settings.log_level)
    return build(settings)
