"""What every statement of the reference contracts says, in our own words, by its id."""

from __future__ import annotations

from tests.contract.statements.ambiguities import ADOPTED
from tests.contract.statements.create_account import CREATE_ACCOUNT
from tests.contract.statements.create_inbox import CREATE_INBOX
from tests.contract.statements.create_mailbox import CREATE_MAILBOX
from tests.contract.statements.create_thread import CREATE_THREAD
from tests.contract.statements.retry_warmup import RETRY_WARMUP

STATEMENTS: dict[str, str] = {
    **{f"S0-{n}": text for n, text in enumerate(CREATE_ACCOUNT, 1)},
    **{f"S1-{n}": text for n, text in enumerate(RETRY_WARMUP, 1)},
    **{f"S2-{n}": text for n, text in enumerate(CREATE_INBOX, 1)},
    **{f"S3-{n}": text for n, text in enumerate(CREATE_THREAD, 1)},
    **{f"S4-{n}": text for n, text in enumerate(CREATE_MAILBOX, 1)},
    **{f"A{n}": text for n, text in ADOPTED.items()},
}
