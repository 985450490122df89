"""Finding what a Sendmux call is about: in the projections, or, before it is there, in the request that is to make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.gateway import queries
from services.gateway.addresses import Standing
from services.gateway.calls import Call
from services.gateway.dialects.sendmux.parameters import page_of
from services.gateway.dialects.sendmux.render import (
    domain_json,
    mailbox_etag,
    mailbox_json,
    mailbox_status,
)
from services.gateway.dialects.sendmux.schemas import is_mailbox, normal_email
from services.gateway.errors import invalid, not_found
from services.gateway.paging import BadCursor
from services.gateway.requests.model import RequestKind
from services.gateway.requests.reads import Creation, find_creation
from services.gateway.unborn import unborn_account, unborn_domain
from services.gateway.views import AccountView, Page
from shared.contracts.accounts import AccountState, AccountStatus
from shared.contracts.domains import DomainState
from shared.contracts.standing import Status
from shared.db.pool import Connection

_REASONS = {
    Standing.FREE: "available",
    Standing.RESERVED: "reserved",
    Standing.GOING: "cleanup_pending",
    Standing.TAKEN: "taken",
}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as a route finds it: of version 0 while there is only the request that is to make it."""

    account: AccountState
    version: int

    @property
    def id(self) -> UUID:
        """Return our own id of it."""
        return self.account.account_id

    @property
    def shown(self) -> dict[str, Any]:
        """Return it as every route shows it."""
        return mailbox_json(self.account)

    @property
    def etag(self) -> str:
        """Return the ETag of this version."""
        return mailbox_etag(self.account, self.version)

    @property
    def status(self) -> str:
        """Return the status as it is shown."""
        return mailbox_status(self.account)

    @property
    def is_gone(self) -> bool:
        """Whether everything the mailbox had is confirmed gone."""
        return self.account.status is AccountStatus.DELETED


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain as a route finds it: of version 0 while there is only the request that is to make it."""

    state: DomainState
    version: int
    mailboxes: int = 0

    @property
    def shown(self) -> dict[str, Any]:
        """Return it as every route shows it."""
        return domain_json(self.state, self.mailboxes)


async def find_mailbox(call: Call, own: UUID) -> Mailbox:
    """Return a mailbox as it stands, a deleted one too.

    Raises:
        ApiError: Neither the projections nor a request know it, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_account(connection, own, caller=call.caller, include_deleted=True)
        if view is not None:
            return Mailbox(view.account, view.account_version)
        creation = await _creation(connection, call, RequestKind.ACCOUNT_CREATE, own)
    if creation is None:
        raise not_found("mailbox")
    return Mailbox(unborn_account(creation, None).account, 0)


async def list_mailboxes(call: Call) -> Page[AccountView]:
    """Return a page of mailboxes, newest first; those whose making failed are not among them.

    Raises:
        ApiError: The page asked for makes no sense (400).
    """
    limit, cursor = page_of(call)
    deleted = call.http.query_params.get("include_deleted", "false")
    if deleted not in {"true", "false"}:
        raise invalid("The parameter include_deleted must be true or false.", parameter="include_deleted")
    async with call.edge.reader.bound(call.caller) as connection:
        try:
            return await queries.list_accounts(
                connection,
                caller=call.caller,
                limit=limit,
                cursor=cursor,
                include_deleted=deleted == "true",
                hidden=(Status.FAILED,) if deleted == "true" else (Status.FAILED, Status.DELETING),
            )
        except BadCursor as error:
            raise invalid(str(error), parameter="cursor") from error


async def find_domain(call: Call, own: UUID) -> Domain:
    """Return a domain as it stands.

    Raises:
        ApiError: Neither the projections nor a request know it, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_domain(connection, own, caller=call.caller)
        if view is not None:
            mailboxes = await queries.count_accounts(connection, [own], caller=call.caller)
            return Domain(view.domain, view.version, mailboxes.get(own, 0))
        creation = await _creation(connection, call, RequestKind.DOMAIN_CREATE, own)
    if creation is None:
        raise not_found("domain")
    return Domain(unborn_domain(creation).domain, 0)


async def list_domains(call: Call) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of domains, newest first, and where the next begins.

    Raises:
        ApiError: The page asked for makes no sense (400).
    """
    limit, cursor = page_of(call)
    async with call.edge.reader.bound(call.caller) as connection:
        try:
            page = await queries.list_domains(connection, caller=call.caller, limit=limit, cursor=cursor)
        except BadCursor as error:
            raise invalid(str(error), parameter="cursor") from error
        mailboxes = await queries.count_accounts(
            connection, [each.domain.domain_id for each in page.items], caller=call.caller
        )
    shown = [domain_json(each.domain, mailboxes.get(each.domain.domain_id, 0)) for each in page.items]
    return shown, page.next_cursor


async def find_availability(call: Call, email: str) -> dict[str, Any]:
    """Return whether a mailbox could be made with an address now, and what stands in its way."""
    address = normal_email(email)
    if address is None or not is_mailbox(address) or not 5 <= len(email) <= 254:
        return _availability(email.strip().lower(), "invalid_email")
    domain = address.rpartition("@")[2]
    addresses = call.edge.addresses
    if not await addresses.may_use(call.caller, call.workspace_id, domain):
        return _availability(address, "domain_not_available")
    return _availability(address, _REASONS[await addresses.standing(address)])


def pagination(next_cursor: str | None) -> dict[str, Any]:
    """Return what a list says of its further pages."""
    if next_cursor is None:
        return {"has_more": False}
    return {"has_more": True, "next_cursor": next_cursor}


async def is_ended(call: Call, mailbox: UUID, credential: UUID) -> bool:
    """Return whether this was a key of the mailbox and is in force no more."""
    async with call.edge.reader.bound(call.caller) as connection:
        revoked_at = await connection.fetchval(
            "select revoked_at from api_key where tenant_id = $1 and account_id = $2 and credential_id = $3",
            call.caller.tenant_id,
            mailbox,
            credential,
        )
    return revoked_at is not None


async def _creation(connection: Connection, call: Call, kind: RequestKind, own: UUID) -> Creation | None:
    """Return the request that is to make this; not one that made something else, or made what is gone by now."""
    creation = await find_creation(connection, call.caller, kind, own)
    return creation if creation is not None and (creation.is_open or creation.code is not None) else None


def _availability(email: str, reason: str) -> dict[str, Any]:
    return {"available": reason == "available", "email": email, "reason": reason}
