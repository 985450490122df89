"""What a service told: the events it recorded, as they stand in its log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db.pool import Pool


@dataclass(frozen=True)
class Told:
    """An event that a service recorded."""

    type: str
    subject: UUID
    sequence: int | None
    request_id: UUID | None
    causation_id: UUID | None
    time: datetime
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """Return what happened, without to what: `mailwright.thread.drafted.v1` is `drafted`."""
        return self.type.split(".")[2]


async def told_by(pool: Pool, subject: UUID | None = None) -> list[Told]:
    """Return the events of a service whose relay does not run, of one subject or of all."""
    rows = await pool.fetch("select * from event_pending order by id")
    return [
        Told(
            row["type"], row["subject"], row["sequence"], row["request_id"], row["causation_id"],
            row["event_time"], json.loads(row["data"]),
        )
        for row in rows
        if subject in {None, row["subject"]}
    ]  # fmt: skip


async def facts_of(pool: Pool, subject: UUID) -> list[Told]:
    """Return the facts told of a subject, checked to be numbered without holes and ever later."""
    facts = [told for told in await told_by(pool, subject) if told.sequence is not None]
    assert [fact.sequence for fact in facts] == list(range(1, len(facts) + 1))
    times = [fact.time for fact in facts]
    assert times == sorted(set(times))
    return facts


async def answer_to(pool: Pool, request_id: UUID) -> dict[str, Any]:
    """Return the one answer of a request."""
    answers = [
        told.data
        for told in await told_by(pool)
        if told.name == "request_answered" and told.data["request_id"] == str(request_id)
    ]
    assert len(answers) == 1, f"{len(answers)} answers"
    return answers[0]
