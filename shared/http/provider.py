"""Calling a provider once: under the budget and breaker all processes share, with every failure told apart.

What a failure means decides what a saga may do next, so the four kinds are kept apart here and nowhere else:
never sent (`Retryable`), told to wait (`ProviderThrottled`), a definite no (`ProviderRefused`), and `Unknown`.
"""

from __future__ import annotations

import json as jsonlib
import random
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import httpx

from shared.clock import Clock
from shared.errors import Retryable, Unknown
from shared.http.errors import ProviderRefused, ProviderThrottled
from shared.http.gate import Gate
from shared.observability import metrics

MAX_RETRY_AFTER_SECONDS = 3_600.0
DEFAULT_RETRY_AFTER_SECONDS = 1.0


class Provider:
    """One provider under one credential; every call is made at most once."""

    def __init__(self, name: str, client: httpx.AsyncClient, gate: Gate, clock: Clock) -> None:
        self._name = name
        self._client = client
        self._gate = gate
        self._clock = clock

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        read_seconds: float | None = None,
        longest_block_seconds: float = MAX_RETRY_AFTER_SECONDS,
    ) -> Any:
        """Make one call and return the parsed JSON of its answer, or None if it has no body.

        A longer Retry-After than `longest_block_seconds` is only the caller's to wait for.

        Raises:
            ProviderRefused: A definite no.
            ProviderThrottled: Asked to wait; nothing happened.
            Retryable: The request never left.
            Unknown: It was sent, and what came of it is not known.
        """
        await self._gate.enter()
        started = time.monotonic()
        outcome = "unknown"
        try:
            response = await self._send(operation, method, path, json, params, headers, read_seconds)
            outcome = f"{response.status_code // 100}xx"
            return await self._read(operation, response, longest_block_seconds)
        except Retryable as error:
            outcome = error.code
            raise
        finally:
            metrics.PROVIDER_CALLS.labels(self._name, operation, outcome).inc()
            metrics.PROVIDER_SECONDS.labels(self._name, operation).observe(time.monotonic() - started)

    async def _send(
        self,
        operation: str,
        method: str,
        path: str,
        json: Any,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        read_seconds: float | None,
    ) -> httpx.Response:
        timeout = self._client.timeout
        if read_seconds is not None:
            timeout = httpx.Timeout(
                connect=timeout.connect, read=read_seconds, write=timeout.write, pool=timeout.pool
            )
        try:
            return await self._client.request(
                method, path, json=json, params=params, headers=headers, timeout=timeout
            )
        except (httpx.HTTPError, aiohttp.ClientError, OSError, TimeoutError) as error:
            await self._gate.failed()
            if was_never_sent(error):
                raise Retryable(f"{operation} could not be sent.", code="provider_unreachable") from None
            raise Unknown(f"{operation} was sent and not answered.") from None

    async def _read(self, operation: str, response: httpx.Response, longest_block_seconds: float) -> Any:
        status = response.status_code
        wait = retry_after(response.headers.get("retry-after"), self._clock.now())
        if status == 429 or (status == 503 and wait is not None):
            seconds = DEFAULT_RETRY_AFTER_SECONDS if wait is None else wait
            if seconds <= longest_block_seconds:
                await self._gate.block(seconds)
            raise ProviderThrottled(f"{operation} must wait.", retry_after=_jittered(seconds))
        if status >= 500 or status == 408:
            await self._gate.failed()
            raise Unknown(f"{operation} was answered with a server error.")
        await self._gate.succeeded()
        if status >= 300:
            raise ProviderRefused(operation, status, _object(response.content))
        if not response.content:
            return None
        try:
            return jsonlib.loads(response.content)
        except ValueError:
            raise Unknown(f"{operation} was answered with a body that cannot be read.") from None


NEVER_SENT_CAUSES: Collection[type[Exception]] = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
)


def was_never_sent(error: BaseException) -> bool:
    """Tell whether a failed request certainly never left this machine.

    The aiohttp transport reports a connection that was cut in the middle of a request as a connect timeout; only the
    original error below it tells the two apart.
    """
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientError | TimeoutError):
        return isinstance(cause, tuple(NEVER_SENT_CAUSES))
    return isinstance(error, httpx.ConnectError | httpx.PoolTimeout | aiohttp.ClientConnectorError)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, as a number or a date, within an hour; None without one."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _jittered(seconds: float) -> float:
    return seconds + random.uniform(0.0, 0.1 * seconds + 0.05)  # noqa: S311  spreads retries, nothing secret


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        parsed = jsonlib.loads(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
