"""The parts of a gateway process that routes work with."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.addresses import Addresses
from services.gateway.files import Files
from services.gateway.mail_servers import MailServers
from services.gateway.reads import Reader
from services.gateway.reports import Reports
from services.gateway.requests.accept import Requests
from services.gateway.security.authenticate import Authenticator
from services.gateway.store_markers import ReadMarkers
from shared.clock import Clock, Ids
from shared.startup import Condition


@dataclass(frozen=True, slots=True)
class Edge:
    """What routes work with; one per process, in `app.state.edge`."""

    authenticator: Authenticator
    requests: Requests
    reader: Reader
    addresses: Addresses
    files: Files
    markers: ReadMarkers
    reports: Reports
    clock: Clock
    ids: Ids
    mail_servers: MailServers
    database: Condition
    wait_seconds: float
    longest_wait_seconds: float
    day_seconds: float
    """How long a warmup day is."""
