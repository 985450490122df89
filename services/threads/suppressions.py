"""Which addresses a workspace sends no mail to: every read and write of suppressions, told as it is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

from shared.contracts.envelope import Recorded
from shared.contracts.threads import AddressSuppressed, SuppressionFact, SuppressionLifted, SuppressionState
from shared.db.pool import Connection
from shared.messaging.event_log import append
from shared.messaging.recorder import Recorder

Reason = Literal["bounced", "complained"]

_FIELDS = (
    "id as suppression_id, tenant_id, workspace_id, address, reason, message_id, suppressed_at, lifted_at"
)


async def suppressed(
    connection: Connection, workspace_id: UUID, addresses: Iterable[str]
) -> list[SuppressionState]:
    """Return which of these addresses the workspace sends no mail to now; capitals make no difference."""
    rows = await connection.fetch(
        f"""
        select {_FIELDS} from suppression
        where workspace_id = $1 and address = any($2::text[]) and lifted_at is null order by address
        """,  # noqa: S608  only our own column names are interpolated
        workspace_id,
        [address.lower() for address in addresses],
    )
    return [SuppressionState(**row) for row in rows]


async def suppress(
    connection: Connection,
    recorder: Recorder,
    cause: Recorded,
    *,
    tenant_id: UUID,
    workspace_id: UUID,
    address: str,
    reason: Reason,
    message_id: UUID | None,
) -> None:
    """Let no more mail go to an address, in the caller's transaction; one that is suppressed already stays as it is."""
    row = await connection.fetchrow(
        f"""
        insert into suppression (id, tenant_id, workspace_id, address, reason, message_id, suppressed_at, version,
            last_event_time)
        values ($1, $2, $3, $4, $5, $6, $7, 1, '-infinity')
        on conflict (workspace_id, address) do update
            set reason = excluded.reason, message_id = excluded.message_id, suppressed_at = excluded.suppressed_at,
                lifted_at = null, version = suppression.version + 1
            where suppression.lifted_at is not null
        returning {_FIELDS}, version, last_event_time
        """,  # noqa: S608  only our own column names are interpolated
        recorder.ids.new(),
        tenant_id,
        workspace_id,
        address.lower(),
        reason,
        message_id,
        recorder.clock.now(),
    )
    if row is not None:
        await _tell(connection, recorder, cause, AddressSuppressed(suppression=_state(row)), row)


async def lift(
    connection: Connection, recorder: Recorder, cause: Recorded, *, workspace_id: UUID, address: str
) -> bool:
    """Let mail go to an address again, in the caller's transaction; False if it was not suppressed."""
    row = await connection.fetchrow(
        f"""
        update suppression set lifted_at = $3, version = version + 1
        where workspace_id = $1 and address = $2 and lifted_at is null
        returning {_FIELDS}, version, last_event_time
        """,  # noqa: S608  only our own column names are interpolated
        workspace_id,
        address.lower(),
        recorder.clock.now(),
    )
    if row is None:
        return False
    await _tell(connection, recorder, cause, SuppressionLifted(suppression=_state(row)), row)
    return True


def _state(row: Any) -> SuppressionState:
    return SuppressionState.model_validate(dict(row))


async def _tell(
    connection: Connection, recorder: Recorder, cause: Recorded, data: SuppressionFact, row: Any
) -> None:
    is_new = row["version"] == 1
    event = recorder.event(
        data,
        subject=data.suppression.suppression_id,
        tenant_id=data.suppression.tenant_id,
        workspace_id=data.suppression.workspace_id,
        sequence=row["version"],
        cause=cause,
        after=None if is_new else row["last_event_time"],
    )
    await append(connection, event)
    await connection.execute(
        "update suppression set last_event_time = $2 where id = $1", event.subject, event.time
    )
