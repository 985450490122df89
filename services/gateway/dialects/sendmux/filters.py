"""The filters of mailboxes, which the gateway keeps itself: each mailbox has one set, replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.gateway.calls import Call
from services.gateway.dialects.sendmux.conditions import require_match
from services.gateway.dialects.sendmux.errors import envelope
from services.gateway.dialects.sendmux.render import etag
from services.gateway.dialects.sendmux.schemas import SetFilters
from services.gateway.dialects.wire import JSON
from services.gateway.requests.model import StoredResponse
from shared.contracts.accounts import AccountState
from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Filters:
    """A mailbox's filters at their version; version 0 is what a mailbox has that nobody gave any."""

    account_id: UUID
    mode: str = "off"
    rules: tuple[dict[str, Any], ...] = ()
    version: int = 0

    @property
    def shown(self) -> dict[str, Any]:
        """Return them as every route shows them, in the order of their patterns."""
        return {"mode": self.mode, "rules": list(self.rules)}

    @property
    def etag(self) -> str:
        """Return the ETag of this version."""
        return etag("filters", self.account_id, self.version)


async def find(call: Call, account_id: UUID) -> Filters:
    """Return the filters of a mailbox that the caller may see."""
    async with call.edge.reader.bound(call.caller) as connection:
        row = await connection.fetchrow(
            "select mode, rules, version from mailbox_filter where tenant_id = $1 and account_id = $2",
            call.caller.tenant_id,
            account_id,
        )
    return (
        Filters(account_id, row["mode"], tuple(row["rules"]), row["version"]) if row else Filters(account_id)
    )


async def replace(call: Call, account: AccountState, wanted: SetFilters, body: Any) -> Response:
    """Replace the filters of a mailbox and return the response.

    Raises:
        ApiError: If-Match names another version than there is (409).
    """

    async def change(connection: Connection) -> StoredResponse:
        now = await _locked(connection, account)
        require_match(call, now.etag)
        rules = sorted(
            (rule.model_dump() for rule in wanted.rules), key=lambda rule: (rule["pattern"], rule["type"])
        )
        new = Filters(account.account_id, wanted.mode, tuple(rules), now.version + 1)
        await connection.execute(
            "update mailbox_filter set mode = $2, rules = $3, version = $4, updated_at = $5 where account_id = $1",
            new.account_id,
            new.mode,
            rules,
            new.version,
            call.edge.clock.now(),
        )
        headers = {"Content-Type": JSON, "ETag": new.etag, "X-Request-Id": call.id}
        return StoredResponse(200, headers, envelope(new.shown, call.id))

    return await call.decide(change, body=body, subject_id=account.account_id)


async def _locked(connection: Connection, account: AccountState) -> Filters:
    await connection.execute(
        """
        insert into mailbox_filter (account_id, tenant_id, workspace_id, mode, rules, version, updated_at)
        values ($1, $2, $3, 'off', '[]'::jsonb, 0, $4) on conflict (account_id) do nothing
        """,
        account.account_id,
        account.tenant_id,
        account.workspace_id,
        account.created_at,
    )
    version = await connection.fetchval(
        "select version from mailbox_filter where account_id = $1 for update", account.account_id
    )
    return Filters(account.account_id, version=version)
