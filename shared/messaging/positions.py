"""What a consumer has of each producer's log: the test by which every event is handled once and in order.

A producer numbers its events per partition without holes. A record is taken only if it is the next one; an earlier one is a
duplicate, a later one means that something in between is missing. What lies beyond a gap is left alone, because the replay
that fills the gap brings it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from shared.db.pool import Connection

Stream = tuple[str, str, int]
"""A producer, a topic and a partition."""


class Place(StrEnum):
    """How a position relates to what the consumer has."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    BEYOND_GAP = "gap"


class Positions:
    """The positions of one transaction: loaded under lock, moved in memory, saved before the commit."""

    def __init__(self, loaded: dict[Stream, int]) -> None:
        self._reached = loaded
        self._moved: set[Stream] = set()
        self._repeated: set[Stream] = set()
        self._known: dict[Stream, int] = {}
        self._told: set[Stream] = set()

    @classmethod
    async def load(cls, connection: Connection, streams: Iterable[Stream]) -> Positions:
        """Read the positions of these streams and keep other consumers of them out until the transaction ends."""
        wanted = sorted(set(streams))
        await connection.execute(
            """
            insert into consumer_position (source, topic, partition, position)
            select *, 0 from unnest($1::text[], $2::text[], $3::int[]) on conflict do nothing
            """,
            *_columns(wanted),
        )
        rows = await connection.fetch(
            """
            select source, topic, partition, position from consumer_position
            where (source, topic, partition) in (select * from unnest($1::text[], $2::text[], $3::int[]))
            order by source, topic, partition for update
            """,
            *_columns(wanted),
        )
        return cls({(row["source"], row["topic"], row["partition"]): row["position"] for row in rows})

    def place(self, stream: Stream, position: int) -> Place:
        """Tell whether the record at `position` is the next one; a gap is remembered."""
        reached = self._reached[stream]
        if position <= reached:
            self._repeated.add(stream)
            return Place.DUPLICATE
        if position == reached + 1:
            return Place.NEXT
        self._known[stream] = max(position, self._known.get(stream, 0))
        return Place.BEYOND_GAP

    def advance(self, stream: Stream) -> None:
        """Count the next record as handled."""
        self._reached[stream] += 1
        self._moved.add(stream)

    def notice_head(self, stream: Stream, published: int) -> bool:
        """Return whether the producer has published more than arrived here; the gap is remembered.

        The producer knows best: what was known of its log before, and may have been forged, counts no longer.
        """
        self._known[stream] = published
        self._told.add(stream)
        return published > self._reached[stream]

    def open_gaps(self) -> dict[Stream, int]:
        """Return, by stream, the position after which something is missing: what was noticed and not filled since."""
        return {
            stream: self._reached[stream]
            for stream, known in self._known.items()
            if known > self._reached[stream]
        }

    async def save(self, connection: Connection) -> None:
        """Write what moved, note new gaps for the relay to ask about, and forget those that are filled.

        A stream that goes on, or repeats what it had, is being sent again: its gap is not asked about as long as it does.
        """
        moved = sorted(self._moved)
        if moved:
            await connection.execute(
                """
                update consumer_position p set position = m.position
                from unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) as m (source, topic, partition, position)
                where (p.source, p.topic, p.partition) = (m.source, m.topic, m.partition)
                """,
                *_columns(moved),
                [self._reached[stream] for stream in moved],
            )
        answered = self._moved | self._repeated
        if heard_of := sorted(answered | self._told):
            await connection.execute(
                """
                merge into consumer_gap g
                using unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bool[])
                    as m (source, topic, partition, position, told, is_answered)
                on (g.source, g.topic, g.partition) = (m.source, m.topic, m.partition)
                when matched and coalesce(m.told, g.known, 0) <= m.position then delete
                when matched then update set
                    after = m.position,
                    known = coalesce(m.told, g.known),
                    asked_at = case when m.is_answered and g.asked_at is not null then now() else g.asked_at end
                """,
                *_columns(heard_of),
                [self._reached[stream] for stream in heard_of],
                [self._known[stream] if stream in self._told else None for stream in heard_of],
                [stream in answered for stream in heard_of],
            )
        open_gaps = self.open_gaps()
        if open_gaps:
            await connection.execute(
                """
                insert into consumer_gap (source, topic, partition, after, known)
                select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bigint[])
                on conflict (source, topic, partition) do update
                set after = excluded.after, known = greatest(consumer_gap.known, excluded.known)
                """,
                *_columns(list(open_gaps)),
                list(open_gaps.values()),
                [self._known[stream] for stream in open_gaps],
            )


def _columns(streams: list[Stream]) -> tuple[list[str], list[str], list[int]]:
    return [s[0] for s in streams], [s[1] for s in streams], [s[2] for s in streams]
