"""What every Sendmux route starts from: a caller with the scope it needs, and what its path and query name."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from services.gateway.calls import Call, allowed
from services.gateway.dialects.sendmux import ids
from services.gateway.errors import invalid, not_found
from shared.contracts.requests import Dialect

DEFAULT_PAGE = 50
LONGEST_PAGE = 100

MailboxReader = Annotated[Call, Depends(allowed("mailbox.admin.read", Dialect.SENDMUX))]
MailboxCreator = Annotated[Call, Depends(allowed("mailbox.admin.create", Dialect.SENDMUX))]
MailboxManager = Annotated[Call, Depends(allowed("mailbox.admin.manage", Dialect.SENDMUX))]
MailboxRemover = Annotated[Call, Depends(allowed("mailbox.admin.delete", Dialect.SENDMUX))]
DomainReader = Annotated[Call, Depends(allowed("domain.read", Dialect.SENDMUX))]
DomainCreator = Annotated[Call, Depends(allowed("domain.create", Dialect.SENDMUX))]
DomainVerifier = Annotated[Call, Depends(allowed("domain.verify", Dialect.SENDMUX))]
DomainRemover = Annotated[Call, Depends(allowed("domain.delete", Dialect.SENDMUX))]

MailboxId = Annotated[str, Path(description="`mbx_…`")]
DomainId = Annotated[str, Path(description="`mdom_…`")]
KeyId = Annotated[str, Path(description="`smx_…`")]


def own_mailbox_id(text: str) -> UUID:
    """Return the id of a mailbox in a path.

    Raises:
        ApiError: Nothing can have this id (404).
    """
    return _own(ids.MAILBOX, text, "mailbox")


def own_key_id(text: str) -> UUID:
    """Return the id of a key in a path.

    Raises:
        ApiError: Nothing can have this id (404).
    """
    return _own(ids.KEY, text, "key")


def own_domain_id(text: str) -> UUID:
    """Return the id of a domain in a path.

    Raises:
        ApiError: Nothing can have this id (404).
    """
    return _own(ids.DOMAIN, text, "domain")


def page_of(call: Call) -> tuple[int, str | None]:
    """Return the size of the page asked for, and the place it begins at.

    Raises:
        ApiError: The size is not a number from 1 to 100 (400).
    """
    text = call.http.query_params.get("limit", str(DEFAULT_PAGE))
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise invalid(f"The parameter limit must be a number from 1 to {LONGEST_PAGE}.", parameter="limit")
    return limit, call.http.query_params.get("cursor")


def _own(prefix: str, text: str, what: str) -> UUID:
    own = ids.own_id(prefix, text)
    if own is None:
        raise not_found(what)
    return own
