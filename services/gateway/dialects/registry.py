"""Which dialects there are, and which of them a path speaks."""

from __future__ import annotations

from services.gateway.dialects.edge import DialectEdge
from services.gateway.dialects.myagentmail.edge import EDGE as MYAGENTMAIL
from services.gateway.dialects.puffle.edge import EDGE as PUFFLE
from services.gateway.dialects.sendmux.edge import EDGE as SENDMUX
from shared.contracts.requests import Dialect

EDGES: dict[Dialect, DialectEdge] = {each.dialect: each for each in (PUFFLE, MYAGENTMAIL, SENDMUX)}

_BY_PREFIX = (SENDMUX, MYAGENTMAIL)
"""The longer prefix first; what nobody owns is answered in Puffle's words."""


def edge_of(path: str) -> DialectEdge:
    """Return the dialect that calls of this path speak, whether there is such a path or not."""
    return next((each for each in _BY_PREFIX if each.owns(path)), PUFFLE)
