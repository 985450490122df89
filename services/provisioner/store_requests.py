"""Requests of any kind, taken in hand and answered in the transaction of the batch that brought them."""

from __future__ import annotations

from shared.contracts.answers import RequestAnswered
from shared.contracts.envelope import Recorded
from shared.db.pool import Connection
from shared.messaging import answers
from shared.messaging.recorder import Recorder


class PostgresRequests:
    """The `Requests` of one transaction."""

    def __init__(self, connection: Connection, recorder: Recorder) -> None:
        self._connection = connection
        self._recorder = recorder

    async def begin(self, request: Recorded) -> bool:
        """Take a request in hand; False if that happened before, and then its answer is sent again."""
        return await answers.begin(self._connection, self._recorder, request)

    async def answer(self, request: Recorded, data: RequestAnswered) -> None:
        """Record the one answer of the request."""
        await answers.answer(self._connection, self._recorder, request, data)
