"""An account's own mail left, came back or was called spam: counted, for the account's rates."""

from __future__ import annotations

from services.warmup.ports import WarmupStore
from shared.contracts.envelope import Recorded
from shared.contracts.threads import MessageBounced, MessageComplained, MessageFact


async def count_mail(store: WarmupStore, fact: Recorded, data: MessageFact) -> None:
    """Count a message by its id: what is told of it twice, or in another order, counts once."""
    message = data.message
    await store.count_mail(
        message.message_id,
        message.account_id,
        message.sent_at or fact.time,
        is_bounced=isinstance(data, MessageBounced),
        is_complained=isinstance(data, MessageComplained),
    )
