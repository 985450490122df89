"""Files that end, wired: the task that erases them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.threads.context import Context
from services.threads.eraser import Eraser
from services.threads.store_files import FileStore
from shared.messaging.parts import Part


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Part]:
    """Yield the part; what it started by itself ends with the block."""
    eraser = Eraser(FileStore(context.pool), context.objects)
    yield Part(handlers={}, tasks={"files": eraser.run}, wake=eraser.wake)
