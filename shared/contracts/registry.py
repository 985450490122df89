"""Every event type by its wire name: the one table that encoding, decoding and the golden samples share."""

from __future__ import annotations

from shared.contracts import accounts, answers, domains, threads, warmups
from shared.contracts.envelope import Event

EVENT_TYPES: dict[str, type[Event]] = {
    event.TYPE: event for owner in (accounts, warmups, domains, threads, answers) for event in owner.EVENTS
}
