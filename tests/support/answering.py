"""A provider that answers every call with the same body, whatever was asked."""

from __future__ import annotations

from typing import Any

_MOST_CALLS = 4


class Answering:
    """Stands for `Provider`; whoever asks it again and again follows it round and round."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._calls = 0

    async def call(self, *_: Any, **__: Any) -> Any:
        """Answer a call."""
        self._calls += 1
        assert self._calls <= _MOST_CALLS, "it is followed round and round"
        return self._body
