"""What every service's consumer keeps for a time: the answers it could send again, and dead letters that are over.

The ids of handled requests stay: a request that died as a dead letter was answered `failed`, and one that is replayed after
years must find that out. So must a worker that comes too late with a second answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.clock import Clock
from shared.db.pool import Pool
from shared.db.tidy import Chore, Tidying
from shared.settings import CommonSettings

EMPTY_ANSWERS = """
    update handled_request set answer = '', answer_type = null where request_id in (
        select request_id from handled_request where answer_type is not null and handled_at < $1
        order by handled_at limit $2 for update skip locked
    )
"""
FORGET_DEAD_LETTERS = """
    delete from dead_letters where id in (
        select id from dead_letters where replayed_at < $1 order by id limit $2 for update skip locked
    )
"""


def tidying(pool: Pool, clock: Clock, settings: CommonSettings, own: Sequence[Chore]) -> Tidying:
    """Return what does the chores of a service: those of everyone that consumes, and its own."""
    chores = (
        Chore("handled_request", timedelta(days=settings.answers_kept_days), EMPTY_ANSWERS),
        Chore("dead_letters", timedelta(days=settings.dead_letters_kept_days), FORGET_DEAD_LETTERS),
        *own,
    )
    return Tidying(pool, clock, chores, every_seconds=settings.tidy_seconds)
