"""The gateway's entry: `python -m mailwright serve gateway`."""

from __future__ import annotations

from fastapi import FastAPI

from services.gateway.bootstrap import build
from services.gateway.settings import GatewaySettings
from shared.observability.logging import configure_logging


def create_app() -> FastAPI:
    """Return the app with settings from the environment."""
    settings = GatewaySettings()
    configure_logging("gateway", settings.log_level)
    return build(settings)
