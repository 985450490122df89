"""Where the provisioner process starts: settings in, an ASGI app out."""

from __future__ import annotations

from starlette.applications import Starlette

from services.provisioner.bootstrap import build
from services.provisioner.settings import ProvisionerSettings
from shared.observability.logging import configure_logging


def create_app() -> Starlette:
    """Build the service from its environment."""
    settings = ProvisionerSettings()
    configure_logging("provisioner", settings.log_level)
    return build(settings)
