"""What inboxes and keys are called at the inbox provider, so that whoever comes later knows whose they are."""

from __future__ import annotations

from uuid import UUID

from shared.contracts.accounts import AccountState
from shared.contracts.requests import Dialect


def inbox_key(installation: str, account: AccountState) -> str:
    """Return the key of an account's own inbox.

    MyAgentMail's accounts may go on with another name: an inbox at the one they left is another effect.
    """
    key = f"mw-{installation}-{account.account_id}"
    return f"{key}~{account.username}" if account.dialect is Dialect.MYAGENTMAIL else key


def alias_key(installation: str, account_id: UUID, address: str) -> str:
    """Return the key of the inbox behind a further address; the provider allows no `@` there."""
    return f"mw-{installation}-{account_id}-alias-{address.replace('@', '~')}"


def key_name(account_id: UUID, credential_id: UUID | None = None) -> str:
    """Return the name of an inbox's key: the one the account was made with, or a further one."""
    return f"mailwright:{account_id}" + (f":{credential_id}" if credential_id else "")
