"""The way of one provider call: authenticate, meet its fault, have its effect, be recorded, be answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from services.simulator.faults import Fault, Faults, malformed
from services.simulator.provider import Handler, Provider
from services.simulator.wire import (
    Answer,
    Call,
    Receive,
    Refusal,
    Send,
    answer_with,
    cut,
    disconnected,
)
from services.simulator.world import World
from shared.observability.logging import get_logger

_LONGEST_HANG_SECONDS = 120.0
log = get_logger(__name__)


class Pipeline:
    """Runs provider calls against the world. Handlers are synchronous: each call is one transaction, alone."""

    def __init__(self, world: World, faults: Faults, settle: Callable[[], None]) -> None:
        self._world, self._faults, self._settle = world, faults, settle
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(
        self, provider: Provider, handler: Handler, call: Call, receive: Receive, send: Send
    ) -> None:
        """Answer one call, or let its fault decide what the client sees."""
        at = self._world.now()
        refusal = self._admit(provider, call)
        if refusal is not None:
            self._record(call, at, refusal.status, None)
            await answer_with(send, refusal)
            return
        fault = self._faults.take(call)
        if scripted := provider.delay(call):
            await asyncio.sleep(scripted)
        if fault is None:
            await answer_with(send, self._perform(provider, handler, call, at, None))
        elif fault.kind == "late":
            self._record(call, at, None, fault)
            self._spawn(self._land(handler, call, fault.delay_seconds))
            await cut(receive, send)
        elif fault.when == "before":
            await self._before(provider, handler, call, at, fault, receive, send)
        else:
            answer = self._perform(provider, handler, call, at, fault)
            await self._after(provider, answer, fault, receive, send)

    def forget(self) -> None:
        """Drop the late effects that have not landed."""
        for task in self._tasks:
            task.cancel()

    async def refuse(self, provider: Provider, call: Call, send: Send) -> None:
        """Answer a call that names no operation."""
        self._record(call, self._world.now(), 404, None)
        await answer_with(send, provider.error(404))

    def _admit(self, provider: Provider, call: Call) -> Answer | None:
        try:
            provider.authenticate(self._world, call)
            provider.accepts(call)
            call.body = json.loads(call.raw) if call.raw else None
        except Refusal as refusal:
            return refusal.answer
        except ValueError:
            return provider.error(400)
        call.subjects = provider.subjects(call)
        return None

    async def _before(
        self,
        provider: Provider,
        handler: Handler,
        call: Call,
        at: datetime,
        fault: Fault,
        receive: Receive,
        send: Send,
    ) -> None:
        if fault.kind == "slow":
            with self._world.running(call):
                await asyncio.sleep(fault.delay_seconds)
            await answer_with(send, self._perform(provider, handler, call, at, fault))
            return
        status = {"status": fault.status, "malformed": 200}.get(fault.kind)
        self._record(call, at, status, fault)
        await self._show(provider, None, fault, receive, send)

    async def _after(
        self, provider: Provider, answer: Answer, fault: Fault, receive: Receive, send: Send
    ) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_seconds)
            await answer_with(send, answer)
        else:
            await self._show(provider, answer, fault, receive, send)

    async def _show(
        self, provider: Provider, answer: Answer | None, fault: Fault, receive: Receive, send: Send
    ) -> None:
        if fault.kind == "drop":
            await cut(receive, send)
        elif fault.kind == "timeout":
            try:
                async with asyncio.timeout(_LONGEST_HANG_SECONDS):
                    await disconnected(receive)
            except TimeoutError:
                await cut(receive, send)
        elif fault.kind == "malformed":
            await answer_with(send, malformed(answer))
        else:
            await answer_with(send, fault.answer(provider.error(fault.status or 500)))

    def _perform(
        self, provider: Provider, handler: Handler, call: Call, at: datetime, fault: Fault | None
    ) -> Answer:
        """Have the call's effect and record the call in one transaction; a refusal leaves only the record."""
        self._settle()
        try:
            with self._world.store.transaction():
                answer = handler(self._world, call)
                self._note(call, at, _status_seen(answer, fault), fault)
        except Refusal as refusal:
            answer = refusal.answer
            self._record(call, at, _status_seen(answer, fault), fault)
        except Exception:
            log.exception("operation_failed", provider=provider.name, operation=call.operation)
            answer = provider.error(500)
            self._record(call, at, 500, fault)
        self._settle()
        return answer

    async def _land(self, handler: Handler, call: Call, delay: float) -> None:
        """Have the effect of a call whose client was cut off before."""
        with self._world.running(call):
            await asyncio.sleep(delay)
        self._settle()
        try:
            with self._world.store.transaction():
                handler(self._world, call)
        except Refusal as refusal:
            log.info("late_call_refused", operation=call.operation, status=refusal.answer.status)
        self._settle()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _record(self, call: Call, at: datetime, status: int | None, fault: Fault | None) -> None:
        with self._world.store.transaction():
            self._note(call, at, status, fault)

    def _note(self, call: Call, at: datetime, status: int | None, fault: Fault | None) -> None:
        entry = {
            "at": self._world.stamp(at),
            "provider": call.provider,
            "operation": call.operation,
            "method": call.method,
            "path": call.path,
            "status": status,
            "fault": fault.kind if fault else None,
            "when": fault.when if fault else None,
            "key": call.headers.get("idempotency-key") or call.fields().get("client_id"),
            "subject": call.subjects[0] if call.subjects else None,
            "request_id": call.request_id,
        }
        self._world.store.append("calls", entry)


def _status_seen(answer: Answer, fault: Fault | None) -> int | None:
    """Return the status the client will see, None when it sees no answer."""
    if fault is None or fault.kind == "slow":
        return answer.status
    return {"status": fault.status, "malformed": 200}.get(fault.kind)
