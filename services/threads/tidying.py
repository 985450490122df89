"""What the threads service keeps for a time only: the days' counts, what it worked off, and reports that it never could."""

from __future__ import annotations

from datetime import timedelta

from services.threads.settings import ThreadsSettings
from shared.db.tidy import Chore

ARRIVAL_DAYS = 7
"""How long what is worked off is remembered, so that a repetition is known as one."""
REPORT_DAYS = 30
"""How long is kept what a provider reported in a record that died: as long as there is any use in replaying that."""

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
FORGET_REPORTS = """
    delete from content.part where id in (
        select id from content.part p where kind = 'report' and created_at < $1
            and not exists (select from arrival a where a.content_ref = p.id and a.due_at is not null)
        order by created_at limit $2 for update skip locked
    )
"""


def chores(settings: ThreadsSettings) -> tuple[Chore, ...]:
    """Return the service's own chores.

    A message that fails after its day's count is gone has nothing to give back.
    """
    return (
        Chore("sent_day", timedelta(days=settings.sent_days_kept_days), FORGET_COUNTS),
        Chore("arrival", timedelta(days=ARRIVAL_DAYS), FORGET_ARRIVALS),
        Chore("content.part", timedelta(days=REPORT_DAYS), FORGET_REPORTS),
    )
