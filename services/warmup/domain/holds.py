"""What keeps a warmup from going on although nobody paused it, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass

from services.warmup.domain.attempts import Sender, SenderStatus
from services.warmup.domain.warmup import Warmup
from shared.contracts.warmups import WarmupHold, WarmupStatus


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reason to hold a warmup, and the sentence that says it."""

    hold: WarmupHold
    sentence: str


def domain_trouble(why: str | None) -> Trouble:
    """Return the trouble of a domain that is not verified any more."""
    return Trouble(WarmupHold.DOMAIN, why or "The domain is not verified any more.")


def trouble_of(warmup: Warmup, sender: Sender | None, domain: Trouble | None) -> Trouble | None:
    """Return what holds a warmup at its daily look, the gravest first; None if nothing does.

    A sender that the provider does not show keeps a hold as it is: nobody knows better. A complete warmup does not need the
    provider's warming, so that whoever stops it there holds nothing.
    """
    if domain is not None:
        return domain
    if sender is None:
        is_elsewhere = warmup.hold in {WarmupHold.CONNECTION, WarmupHold.PROVIDER}
        return Trouble(warmup.hold, warmup.reason or "") if is_elsewhere and warmup.hold else None
    if not sender.is_connected:
        return Trouble(
            WarmupHold.CONNECTION,
            "The warmup provider cannot use the sender's mailbox: its connection is lost.",
        )
    is_complete = WarmupStatus.GRADUATED in {warmup.status, warmup.held_from}
    if sender.status is SenderStatus.PAUSED and not is_complete:
        return Trouble(WarmupHold.PROVIDER, "The warmup was stopped at the warmup provider.")
    return None
