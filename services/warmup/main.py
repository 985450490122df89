"""Where the warmup process starts: settings in, an ASGI app out."""

from __future__ import annotations

from starlette.applications import Starlette

from services.warmup.bootstrap import build
from services.warmup.settings import WarmupSettings
from shared.observability.logging import configure_logging


def create_app() -> Starlette:
    """Build the service from its environment."""
    settings = WarmupSettings()
    configure_logging("warmup", settings.log_level)
    return build(settings)
