"""Who may be the sender of a thread: an account of the workspace that can send mail, and is ready to."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from tests.contract.puffle.driver import Json, Puffle, error_of, fresh
from tests.contract.puffle.threads import ask, sender
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack

contract = pytest.mark.contract


@contract("S3-13", "A27")
async def test_a_sender_of_somebody_else_is_not_there(puffle: Puffle, stranger: Puffle, domain: Json) -> None:
    theirs = await stranger.domain()
    foreign = await sender(stranger, theirs)

    for account_id in (foreign["id"], "0199aaaa-0000-7000-8000-00000000ffff"):
        answer = await ask(puffle, account_id=account_id, draft_subject="Hi")
        assert (answer.status_code, error_of(answer)) == (404, "not_found")
    malformed = await ask(puffle, account_id="ada", draft_subject="Hi")
    assert (malformed.status_code, error_of(malformed)) == (400, "invalid_request")


@contract("S3-16", "A24", "A27")
async def test_a_sender_that_is_not_active_is_not_ready(puffle: Puffle, domain: Json, sim: Simulated) -> None:
    warming = await puffle.account(fresh("warming"), domain)
    pending = await puffle.stalled(sim, domain)

    for account in (warming, pending):
        answer = await ask(puffle, account, draft_subject="Hi")
        assert (answer.status_code, error_of(answer)) == (422, "account_not_ready")
        assert answer.json()["status"] == account["status"]
        assert account["status"] in answer.json()["error"]

    await puffle.warmup(warming["id"], "disable")
    assert (await ask(puffle, warming, draft_subject="Hi")).status_code == 201


@contract("S3-14", "S3-15", "A27")
async def test_an_account_of_another_kind_and_one_without_an_inbox_cannot_be_the_sender(
    puffle: Puffle, domain: Json, stack: RunningStack
) -> None:
    """Neither comes to be through the API, so the owner's own row is made to say so."""
    kinds = {
        "account_not_email": "update threads.sender set channel = 'linkedin' where account_id = $1",
        "account_without_inbox": """
            update threads.sender set account = jsonb_set(account, '{inbox_id}', 'null'), inbox_id = null
            where account_id = $1
        """,
    }
    owner = await asyncpg.connect(stack.database_url)
    try:
        for code, statement in kinds.items():
            account = await sender(puffle, domain)
            assert (await ask(puffle, account, draft_subject="Hi")).status_code == 201
            await owner.execute(statement, UUID(account["id"]))
            answer = await ask(puffle, account, draft_subject="Hi")
            assert (answer.status_code, error_of(answer)) == (422, code)
    finally:
        await owner.close()
