"""What is told of an account and its warmup is kept; an account that goes away sends nothing more."""

from __future__ import annotations

from services.threads.domain.senders import GONE
from services.threads.handlers.untouched import fail_untouched
from services.threads.senders import keep_account, keep_warmup
from services.threads.store import Store
from services.threads.store_polls import follow_inbox
from shared.contracts.accounts import AccountFact, Failure
from shared.contracts.envelope import Recorded
from shared.contracts.warmups import WarmupFact
from shared.messaging.causes import Cause
from shared.messaging.recorder import Recorder

DELETED = Failure(code="account_deleted", message="The account was deleted before the message was sent.")


async def follow_sender(store: Store, recorder: Recorder, event: Recorded) -> None:
    """Keep the newest state of an account or its warmup; what a dying account has not begun to send fails.

    Its inbox is looked through for mail while it lives (`store_polls.follow_inbox`).
    Its threads and drafts stay as they are: another sender can be chosen for them.
    """
    version = event.sequence or 0
    match event.data:
        case WarmupFact(warmup=warmup):
            await keep_warmup(store.connection, warmup, version)
        case AccountFact(account=account):
            is_news = await keep_account(store.connection, account, version)
            if is_news:
                await follow_inbox(store.connection, recorder, account)
            if is_news and account.status in GONE:
                await fail_untouched(store, recorder, account.account_id, DELETED, Cause.of(event))
