"""What the threads service keeps for a time only: the days' counts, and what it worked off."""

from __future__ import annotations

from datetime import timedelta

from services.threads.settings import ThreadsSettings
from shared.db.tidy import Chore

ARRIVAL_DAYS = 7
"""How long what is worked off is remembered, so that a repetition is known as one."""

FORGET_COUNTS = """
    delete from sent_day where (account_id, day) in (
        select account_id, day from sent_day where day < ($1::timestamptz at time zone 'UTC')::date
        limit $2 for update skip locked
    )
"""
FORGET_ARRIVALS = """
    delete from arrival where (provider, event_id) in (
        select provider, event_id from arrival where due_at is null and received_at < $1
        order by received_at limit $2 for update skip locked
    )
"""


def chores(settings: ThreadsSettings) -> tuple[Chore, ...]:
    """Return the service's own chores.

    A message that fails after its day's count is gone has nothing to give back.
    """
    return (
        Chore("sent_day", timedelta(days=settings.sent_days_kept_days), FORGET_COUNTS),
        Chore("arrival", timedelta(days=ARRIVAL_DAYS), FORGET_ARRIVALS),
    )
