"""Grouped writes: callers hand over a row and wait; whatever has gathered is written as one statement.

One commit then serves many callers, without any added delay: the next group gathers while the last one is written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.errors import Retryable

STOP_SECONDS = 2.0
"""How long a stopping writer waits for the database: less than a process is given for its end."""

Row = TypeVar("Row")
Result = TypeVar("Result")


class GroupedWriter(Generic[Row, Result]):
    """Writes rows in groups; `flush` gets a group and returns, row by row, a result or the exception for that row.

    A conflict fails its own caller only. If `flush` itself raises, every caller of that group gets that exception.
    `limit` bounds one group, `queue_limit` the rows that wait; a full queue answers `Retryable`.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Row]], Awaitable[Sequence[Result | Exception]]],
        *,
        limit: int = 200,
        queue_limit: int = 2_000,
        writers: int = 2,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._queue_limit = queue_limit
        self._writers = writers
        self._waiting: deque[tuple[Row, asyncio.Future[Result]]] = deque()
        self._wake = asyncio.Semaphore(0)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

    def start(self) -> None:
        """Start writing; rows handed over earlier are written now."""
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._writers)]

    async def stop(self) -> None:
        """Write what waits and finish what is being written, then stop; what takes longer than two seconds is given up.

        Whoever waits for a row that was given up is cancelled: it may have been written all the same.
        """
        self._is_stopping = True
        for _ in self._tasks:
            self._wake.release()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, future in self._waiting:
            future.cancel()

    async def write(self, row: Row) -> Result:
        """Write one row and return its result once it is durable.

        Raises:
            Retryable: Too many rows wait already, or the writer stops; nothing was written.
        """
        if self._is_stopping:
            raise Retryable("The service is stopping.", code="stopping", retry_after=1.0)
        if len(self._waiting) >= self._queue_limit:
            raise Retryable("Too many writes wait already.", code="overloaded", retry_after=1.0)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, future))
        self._wake.release()
        return await future

    async def _run(self) -> None:
        while self._waiting or not self._is_stopping:
            await self._wake.acquire()
            group = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
            if not group:
                continue
            try:
                results = await self._flush([row for row, _ in group])
            except asyncio.CancelledError:
                for _, future in group:
                    future.cancel()
                raise
            except Exception as error:  # noqa: BLE001  every kind of failure belongs to the callers of this group
                results = [error] * len(group)
            for (_, future), result in zip(group, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
