"""Which files are to be erased: those of erased threads at once, those that nothing refers to after a while."""

from __future__ import annotations

from collections.abc import Sequence

from shared.db.pool import Pool


class FileStore:
    """Every write about files that end."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, limit: int) -> Sequence[str]:
        """Look at the files that are due and return the paths of those whose bytes are to be deleted now.

        A file that a draft or a message refers to stays, and is looked at again in a week. One that nothing refers to is
        shown to nobody from now on, and claimed ten minutes later: a call that named it just before is committed by then.
        What is claimed and has not gone is claimed again after as long as its erasure has lasted by now, but never sooner
        than in five minutes, nor later than in an hour.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            due = await connection.fetch(
                """
                select path from content.attachment where due_at <= now()
                order by due_at limit $1 for update skip locked
                """,
                limit,
            )
            # A statement of its own, so that it sees what was committed while these rows were being locked.
            rows = await connection.fetch(
                """
                with looked as (
                    select a.path, a.erased_at, exists (
                        select from content.part p
                        where p.body -> 'attachments' @> jsonb_build_array(jsonb_build_object('path', a.path))
                    ) as is_attached
                    from content.attachment a where a.path = any($1::text[])
                )
                update content.attachment a set
                    erased_at = case when not l.is_attached then coalesce(a.erased_at, now()) end,
                    due_at = now() + case
                        when l.is_attached then interval '7 days'
                        when l.erased_at is null then interval '10 minutes'
                        else least(greatest(now() - l.erased_at, interval '5 minutes'), interval '1 hour') end
                from looked l where a.path = l.path
                returning a.path, l.erased_at is not null and not l.is_attached as is_claimed
                """,
                [row["path"] for row in due],
            )
        return [row["path"] for row in rows if row["is_claimed"]]

    async def gone(self, paths: Sequence[str]) -> None:
        """Forget files whose bytes are deleted."""
        async with self._pool.acquire() as connection:
            await connection.execute(
                "delete from content.attachment where path = any($1::text[]) and erased_at is not null",
                list(paths),
            )
