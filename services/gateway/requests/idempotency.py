"""Idempotency-Key: which keys are accepted, when two calls are the same, and what each dialect makes of a repetition."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import rfc8785

from services.gateway.errors import ApiError, idempotency_mismatch, invalid

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


class Known(Protocol):
    """A request that was made with a key."""

    @property
    def fingerprint(self) -> bytes:
        """What the call was that made it."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it has no answer yet."""
        ...


@dataclass(frozen=True, slots=True)
class IdempotencyPolicy:
    """What a dialect makes of a key it has seen before.

    `kept` is how long a key is remembered, from its first use on. `mismatch` refuses another call with that key;
    `in_flight` refuses the same call while the first has no answer yet, without it the second waits for that answer.
    """

    kept: timedelta
    mismatch: Callable[[], ApiError]
    in_flight: Callable[[], ApiError] | None = None

    def check(self, known: Known, fingerprint: bytes) -> None:
        """Check that a call may have the answer of the request that was made with its key.

        Raises:
            ApiError: It is another call, or the request has no answer yet and this dialect does not wait for it.
        """
        if known.fingerprint != fingerprint:
            raise self.mismatch()
        if known.is_open and self.in_flight is not None:
            raise self.in_flight()


JOINING = IdempotencyPolicy(kept=timedelta(days=7), mismatch=idempotency_mismatch)
"""A repetition gets the answer of the first call, and waits for it if need be."""


def idempotency_key(values: Sequence[str]) -> str | None:
    """Return the call's Idempotency-Key, or None if it has none (A50).

    Raises:
        ApiError: There are several, or it is not 1 to 255 printable ASCII characters (400).
    """
    if not values:
        return None
    if len(values) > 1 or _KEY.fullmatch(values[0]) is None:
        raise invalid(
            "The header Idempotency-Key must be given once, with 1 to 255 printable characters.",
            parameter="Idempotency-Key",
        )
    return values[0]


def fingerprint(method: str, path: str, query: Sequence[tuple[str, str]], body: Any) -> bytes:
    """Return what makes two calls the same: spacing and the order of fields and parameters do not matter (A54).

    The path is part of it, so that a call without a body differs from the same call on something else.
    """
    asked = [method, path, [list(pair) for pair in sorted(query)], body]
    return hashlib.sha256(rfc8785.dumps(asked)).digest()
