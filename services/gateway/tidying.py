"""What the gateway keeps for a time only: requests that made nothing, read markers, windows, and which events were reported.

A request that is to make something stays: it is what a refused id still reads as.
"""

from __future__ import annotations

from datetime import timedelta

from services.gateway.settings import GatewaySettings
from shared.db.tidy import Chore

WINDOW_SECONDS = 3_600.0
MARKER_DAYS = 1
REPORT_DAYS = 7
"""How long a repetition of what was reported is known as one; the provider gives up after a day and a quarter."""

FORGET_REQUESTS = """
    delete from request where id in (
        select id from request
        where expires_at < $1 and state = 'answered' and kind not in ('account.create', 'domain.create', 'thread.create')
        order by expires_at limit $2 for update skip locked
    )
"""
FORGET_MARKERS = """
    delete from read_marker where (key_id, account_id) in (
        select m.key_id, m.account_id from read_marker m join api_key k on k.id = m.key_id
        where k.revoked_at < $1 or k.expires_at < $1 limit $2 for update of m skip locked
    )
"""
FORGET_WINDOWS = """
    delete from rate_window where key_id in (
        select key_id from rate_window where started_at < $1 limit $2 for update skip locked
    )
"""
FORGET_REPORTS = """
    delete from reported_event where (provider, event_id) in (
        select provider, event_id from reported_event where reported_at < $1
        order by reported_at limit $2 for update skip locked
    )
"""


def chores(settings: GatewaySettings) -> tuple[Chore, ...]:
    """Return the gateway's own chores. An Idempotency-Key lives until its request expires, which is counted from there."""
    return (
        Chore("request", timedelta(days=settings.gateway_requests_kept_days), FORGET_REQUESTS),
        Chore("read_marker", timedelta(days=MARKER_DAYS), FORGET_MARKERS),
        Chore("rate_window", timedelta(seconds=WINDOW_SECONDS), FORGET_WINDOWS),
        Chore("reported_event", timedelta(days=REPORT_DAYS), FORGET_REPORTS),
    )
