"""What the warmup service keeps for a time only: the mail behind its rates, and how each day was judged."""

from __future__ import annotations

from datetime import timedelta

from services.warmup.settings import WarmupSettings
from shared.db.tidy import Chore

MAIL_DAYS = 30
"""Rates look at seven full days."""

FORGET_MAIL = """
    delete from mail where message_id in (
        select message_id from mail where sent_at < $1 order by sent_at limit $2 for update skip locked
    )
"""
FORGET_DAYS = """
    delete from warmup_day where (account_id, day) in (
        select account_id, day from warmup_day where judged_at < $1 limit $2 for update skip locked
    )
"""


def chores(settings: WarmupSettings) -> tuple[Chore, ...]:
    """Return the service's own chores.

    The mail of warmups that are judged is forgotten as they are; what is left is that of the others.
    """
    mail = timedelta(seconds=MAIL_DAYS * max(settings.day_seconds, 86_400.0))
    return (
        Chore("mail", mail, FORGET_MAIL),
        Chore("warmup_day", timedelta(days=settings.warmup_judgements_kept_days), FORGET_DAYS),
    )
