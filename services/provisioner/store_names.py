"""Names as sagas find and leave them, and the requests that wait for the same account."""

from __future__ import annotations

from collections.abc import Sequence

from services.provisioner.domain.sagas import AddressFate
from services.provisioner.ports import AddressLost
from shared.contracts.accounts import AccountState
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection
from shared.messaging import answers
from shared.messaging.recorder import Recorder

FIRST_FREE = """
    select name from unnest($1::text[]) with ordinality as wanted (name, n)
    where not exists (select from address where address = wanted.name || '@' || $2)
    order by n limit 1
"""
TAKE = """
    insert into address (address, account_id, state) values ($1, $2, 'live')
    on conflict (address) do nothing returning true
"""
RELEASE = "delete from address where address = $1 and account_id = $2"
BURN = """
    update address set state = 'burned', reason = 'provisioning_failed', burned_at = now()
    where address = $1 and account_id = $2
"""


async def first_free(connection: Connection, names: Sequence[str], domain: str) -> str | None:
    """Return the first of these names whose address nobody has or had."""
    name: str | None = await connection.fetchval(FIRST_FREE, list(names), domain)
    return name


async def move_address(
    connection: Connection, before: AccountState, after: AccountState, fate: AddressFate
) -> None:
    """Reserve the address an account goes on with, and leave the one it had.

    Raises:
        AddressLost: Somebody was faster; nothing may be kept of the write that this belongs to.
    """
    if not await connection.fetchval(TAKE, after.address, after.account_id):
        raise AddressLost("The address was taken meanwhile.")
    leave = RELEASE if fate is AddressFate.RELEASED else BURN
    await connection.execute(leave, before.address, before.account_id)


async def answer_joined(connection: Connection, recorder: Recorder, answer: AccountRequestAnswered) -> None:
    """Answer whoever asked for the account of this answer while it was being made."""
    rows = await connection.fetch(
        "delete from joined_request where account_id = $1 returning *", answer.subject_id
    )
    outcome = Outcome.MATCHED if answer.outcome is Outcome.DONE else answer.outcome
    for row in rows:
        data = answer.model_copy(update={"request_id": row["request_id"], "outcome": outcome})
        asked = Recorded(
            id=row["event_id"],
            subject=row["subject"],
            time=row["event_time"],
            tenant_id=row["tenant_id"],
            workspace_id=row["workspace_id"],
            data=data,
            request_id=row["request_id"],
            traceparent=row["traceparent"],
        )
        await answers.answer(connection, recorder, asked, data)
