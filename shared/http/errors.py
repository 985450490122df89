"""How a provider call can fail, besides never having been sent and not being known; and what that means for one that only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.errors import MailwrightError, Retryable, Unknown


class ProviderRefused(MailwrightError):
    """The provider said no; nothing happened. `body` is for branching on its codes, never for logs or clients."""

    code = "provider_refused"

    def __init__(self, operation: str, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"The provider refused {operation}.")
        self.operation = operation
        self.status = status
        self.body = body


class ProviderThrottled(Retryable):
    """The provider, or our own budget or breaker for it, asks to wait `retry_after` seconds; nothing happened."""

    code = "provider_throttled"


@contextmanager
def reading() -> Iterator[None]:
    """Translate what a call that only reads raises: whatever went wrong, nothing happened.

    Raises:
        Retryable: The provider refused, or nobody knows what it said.
    """
    try:
        yield
    except (ProviderRefused, Unknown) as error:
        raise Retryable("The look-up failed.", code=f"look_up_{error.code}") from None
