"""What a provider's refusal means for a saga: a definite no, a moment to wait for, or a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.provisioner.ports import OperatorFault, Refused
from shared.errors import MailwrightError, Retryable
from shared.http.errors import ProviderRefused

NOT_NOW = frozenset({"resource_deleting", "race_condition", "conflict", "domain_not_verified"})
"""AgentMail's codes for a state that passes; a domain is asked for only once it is verified, so that one lags."""
TAKEN = frozenset({"resource_taken", "already_exists", "IsTakenError", "AlreadyExistsError"})
"""AgentMail's codes and older names for an address somebody has or had, sent with 403 or 409."""
OUR_FAULT = frozenset({401, 402})
"""Statuses that speak of our key or plan, not of the account in hand."""


@contextmanager
def changing(provider: str) -> Iterator[None]:
    """Translate what a call that changes something raises."""
    try:
        yield
    except ProviderRefused as error:
        raise meaning_of(error, provider) from None


def meaning_of(error: ProviderRefused, provider: str) -> MailwrightError:
    """Return a refusal in our terms; the provider's own words stay behind."""
    if error.status in OUR_FAULT:
        return OperatorFault(f"{provider} refuses the configured key or plan.")
    if words_of(error) & NOT_NOW:
        return Retryable(f"{provider} asks to wait.", code="provider_busy")
    return Refused(f"{provider} refused to make the account.")


def words_of(error: ProviderRefused) -> set[object]:
    """Return the stable words of a refusal: its code and its older name."""
    return {error.body.get("code"), error.body.get("name")}
