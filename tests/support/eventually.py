"""Waiting for something to become true, instead of pausing for a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    look: Callable[[], Awaitable[T]], *, within: float = ..., every: float = ..., what: str = ...
) -> T: ...


@overload
async def eventually(
    look: Callable[[], T], *, within: float = ..., every: float = ..., what: str = ...
) -> T: ...


async def eventually(
    look: Callable[[], T | Awaitable[T]], *, within: float = 60.0, every: float = 0.02, what: str = ""
) -> T:
    """Call `look` until what it gives is true, and return that.

    `look` may be a plain or an async function; an AssertionError it raises counts as "not yet". After `within`
    seconds, which leave a busy machine its time, the last such error is raised, or one that says `what` was waited for.
    """
    deadline = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        try:
            found = look()
            value: T = await found if inspect.isawaitable(found) else found
            if value:
                return value
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"not within {within} s: {what or look}")
        await asyncio.sleep(every)
