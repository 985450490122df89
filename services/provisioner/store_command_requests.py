"""Commands as they are taken in hand: put in line in the transaction of the batch that asked for them."""

from __future__ import annotations

from uuid import UUID

from services.provisioner.saga_rows import account_of
from services.provisioner.store_requests import PostgresRequests
from shared.contracts.accounts import AccountState
from shared.contracts.envelope import Recorded

ADD = """
    insert into account_command
        (request_id, account_id, type, data, event_id, event_time, tenant_id, workspace_id, traceparent)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class PostgresCommands(PostgresRequests):
    """The `Commands` of one transaction."""

    async def account(self, account_id: UUID) -> AccountState | None:
        """Return an account."""
        row = await self._connection.fetchrow("select * from account where id = $1", account_id)
        return None if row is None else account_of(row)

    async def add(self, request: Recorded) -> None:
        """Put a request in line behind those of the same account."""
        await self._connection.execute(
            ADD,
            request.request_id,
            request.subject,
            request.data.TYPE,
            request.data.model_dump(mode="json"),
            request.id,
            request.time,
            request.tenant_id,
            request.workspace_id,
            request.traceparent,
        )
