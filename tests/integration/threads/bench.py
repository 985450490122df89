"""The threads service taken apart: its handlers called one event at a time, on a clock the test moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.threads.threads import thread_handlers
from shared.clock import RandomIds
from shared.content import parts
from shared.content.model import MailContent
from shared.contracts.accounts import AccountFact, AccountProvisioned, AccountState, AccountStatus, Plan
from shared.contracts.envelope import ACCOUNTS, THREADS, Event, Received, Recorded
from shared.contracts.requests import Caller, Dialect
from shared.contracts.threads import (
    MessageSendRequested,
    SuppressionRemovalRequested,
    ThreadChangeRequested,
    ThreadChanges,
    ThreadErasureRequested,
    ThreadingMode,
    ThreadRequested,
)
from shared.contracts.warmups import WarmupGraduated, WarmupState, WarmupStatus
from shared.db.pool import Pool
from shared.messaging.dispatch import dispatch
from shared.messaging.recorder import Recorder
from tests.support.told import Told, answer_to, facts_of, told_by

TENANT, WORKSPACE, USER = UUID(int=1), UUID(int=2), UUID(int=3)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CALLER = Caller(tenant_id=TENANT, workspace_id=WORKSPACE, user_id=USER, key_id="key", dialect=Dialect.PUFFLE)
STRANGER = CALLER.model_copy(update={"tenant_id": UUID(int=9), "workspace_id": UUID(int=8)})
HELLO = MailContent(subject="Hello", text="Hello Ann")
ids = RandomIds()


class MovableClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant

    def pass_(self, **spans: float) -> None:
        self.instant += timedelta(**spans)


class Bench:
    """The handlers of the service over one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.clock = pool, MovableClock()
        self.recorder = Recorder(self.clock, ids)
        self.handle = dispatch(thread_handlers(self.recorder))

    # --- what is told of senders

    async def account(
        self,
        *,
        warmup: WarmupStatus | None = WarmupStatus.GRADUATED,
        fact: type[AccountFact] = AccountProvisioned,
        version: int = 1,
        account_id: UUID | None = None,
        **state: Any,
    ) -> UUID:
        """Let an account be told of, one that may send unless something else is said; return its id."""
        account_id = account_id or ids.new()
        account = account_state(account_id, **state)
        await self.receive(fact(account=account), account_id, topic=ACCOUNTS, sequence=version)
        if warmup is not None:
            await self.warmup(account_id, warmup)
        return account_id

    async def warmup(self, account_id: UUID, status: WarmupStatus, *, version: int = 1) -> None:
        """Let the state of a warmup be told."""
        state = WarmupState(
            account_id=account_id,
            tenant_id=TENANT,
            workspace_id=WORKSPACE,
            address="sam@myagentmail.com",
            status=status,
            created_at=START,
            updated_at=START,
        )
        await self.receive(WarmupGraduated(warmup=state), account_id, topic=ACCOUNTS, sequence=version)

    # --- what is asked

    async def draft(
        self,
        account_id: UUID | None = None,
        participant: str | None = "ann@example.com",
        content: MailContent | None = HELLO,
        *,
        thread_id: UUID | None = None,
        **rest: Any,
    ) -> tuple[UUID, UUID]:
        """Ask for a thread; return the ids of the thread and of the request."""
        thread_id = thread_id or ids.new()
        rest.setdefault("caller", CALLER)
        data = ThreadRequested(
            workspace_id=rest.pop("workspace_id", WORKSPACE),
            account_id=account_id,
            participant_email=participant,
            draft_ref=await self.write(content, thread_id, "draft") if content else None,
            **rest,
        )
        return thread_id, await self.ask(data, thread_id)

    async def change(
        self,
        thread_id: UUID,
        draft: MailContent | None = None,
        draft_changed: Sequence[str] = (),
        *,
        caller: Caller = CALLER,
        seen: dict[str, int] | None = None,
        **changes: Any,
    ) -> UUID:
        """Ask for a change; return the request's id."""
        data = ThreadChangeRequested(
            caller=caller,
            changes=ThreadChanges(**changes),
            changed=tuple(changes),
            draft_ref=await self.write(draft, thread_id, "draft") if draft else None,
            draft_changed=tuple(draft_changed),
            seen=seen or {},
        )
        return await self.ask(data, thread_id)

    async def send(
        self,
        thread_id: UUID,
        content: MailContent = HELLO,
        *,
        account_id: UUID | None = None,
        mode: ThreadingMode | None = None,
        caller: Caller = CALLER,
        seen: dict[str, int] | None = None,
    ) -> tuple[UUID, UUID]:
        """Ask to send a message; return the ids of the message and of the request."""
        message_id = ids.new()
        data = MessageSendRequested(
            caller=caller,
            message_id=message_id,
            content_ref=await self.write(content, thread_id, "message"),
            account_id=account_id,
            threading_mode=mode,
            seen=seen or {},
        )
        return message_id, await self.ask(data, thread_id)

    async def erase(self, thread_id: UUID, *, caller: Caller = CALLER) -> UUID:
        return await self.ask(ThreadErasureRequested(caller=caller), thread_id)

    async def lift(self, address: str, *, caller: Caller = CALLER) -> UUID:
        data = SuppressionRemovalRequested(caller=caller, workspace_id=WORKSPACE, address=address)
        return await self.ask(data, WORKSPACE)

    async def ask(self, data: Event, subject: UUID, request_id: UUID | None = None) -> UUID:
        """Let a request arrive, a new one unless its id is given; return its id."""
        request_id = request_id or ids.new()
        await self.receive(data, subject, topic=THREADS, request_id=request_id)
        return request_id

    async def receive(
        self,
        data: Event,
        subject: UUID,
        *,
        topic: str,
        sequence: int | None = None,
        request_id: UUID | None = None,
    ) -> None:
        """Let an event arrive, handled in a transaction of its own."""
        event = Recorded(
            id=ids.new(),
            subject=subject,
            time=self.clock.now(),
            tenant_id=TENANT,
            workspace_id=WORKSPACE,
            data=data,
            sequence=sequence,
            request_id=request_id,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            await self.handle(connection, [Received(event, "test", topic, 0, 1)])

    async def write(self, content: MailContent, thread_id: UUID, kind: parts.Kind) -> UUID:
        """Keep content as the gateway does before it asks; return its reference."""
        ref = ids.new()
        async with self.pool.acquire() as connection:
            await parts.put(
                connection,
                id=ref,
                tenant_id=TENANT,
                workspace_id=WORKSPACE,
                thread_id=thread_id,
                kind=kind,
                body=content,
            )
        return ref

    # --- what came of it

    async def row(self, table: str, id: UUID) -> asyncpg.Record:  # noqa: A002  the column's own name
        row = await self.pool.fetchrow(f"select * from {table} where id = $1", id)
        assert row is not None
        return row

    async def content(self, ref: UUID | None) -> MailContent | None:
        """Return what a reference stands for; None if that is forgotten."""
        if ref is None:
            return None
        async with self.pool.acquire() as connection:
            return await parts.get(connection, ref)

    async def pieces(self) -> int:
        """Return how many pieces of content there are."""
        return int(await self.pool.fetchval("select count(*) from content.part"))

    async def sent_on(self, account_id: UUID, at: datetime | None = None) -> int:
        """Return how many messages count against the limit of an account's day, today unless another is given."""
        day = (at or self.clock.now()).date()
        query = "select messages from sent_day where account_id = $1 and day = $2"
        return int(await self.pool.fetchval(query, account_id, day) or 0)

    async def told(self, subject: UUID | None = None) -> list[Told]:
        return await told_by(self.pool, subject)

    async def facts(self, thread_id: UUID) -> list[Told]:
        return await facts_of(self.pool, thread_id)

    async def names(self, thread_id: UUID) -> list[str]:
        """Return the names of the facts told of a thread."""
        return [fact.name for fact in await self.facts(thread_id)]

    async def answer(self, request_id: UUID) -> dict[str, Any]:
        return await answer_to(self.pool, request_id)

    async def code(self, request_id: UUID) -> str | None:
        """Return the code with which a request was refused or failed; None if it is done."""
        answer = await self.answer(request_id)
        assert (answer["outcome"] == "done") == (answer["code"] is None)
        code: str | None = answer["code"]
        return code

    async def done(self, request_id: UUID) -> dict[str, Any]:
        """Return the answer of a request that is done."""
        answer = await self.answer(request_id)
        assert answer["outcome"] == "done", answer
        return answer


def account_state(account_id: UUID, **state: Any) -> AccountState:
    values: dict[str, Any] = {
        "account_id": account_id,
        "tenant_id": TENANT,
        "workspace_id": WORKSPACE,
        "user_id": USER,
        "dialect": Dialect.PUFFLE,
        "plan": Plan(steps=(), warmup=True),
        "status": AccountStatus.PROVISIONED,
        "address": "sam@myagentmail.com",
        "username": "sam",
        "domain_id": UUID(int=4),
        "domain": "myagentmail.com",
        "created_at": START,
        "updated_at": START,
        "inbox_id": "sam@myagentmail.com",
    }
    return AccountState(**{**values, **state})
