"""Finding the threads that a Puffle call is about: in the projections, or in the request that is to make one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.gateway import queries, queries_messages, queries_threads
from services.gateway.calls import Call
from services.gateway.dialects.puffle.filters_threads import (
    CHANNELS,
    INBOX_STATES,
    STATUSES,
    VIEWS,
    matching,
    participant,
    wants_options,
)
from services.gateway.dialects.puffle.parameters import a_number, an_id, flag
from services.gateway.dialects.puffle.render import account_json, wide_json
from services.gateway.dialects.puffle.render_threads import (
    correspondence_json,
    message_json,
    suppression_json,
    thread_json,
)
from services.gateway.errors import ApiError, invalid, not_found
from services.gateway.requests.model import RequestKind
from services.gateway.requests.reads import find_creation
from services.gateway.unborn_threads import unborn_thread
from services.gateway.views import AccountView
from services.gateway.views_threads import ThreadView
from shared.contracts.standing import Status
from shared.db.pool import Connection

THREADS_PAGE = (50, 100)
"""How many of a list are shown: usually, and at most."""
LAST_PAGE = 1_000_000
SHOWN_MESSAGES = 200
"""How many messages are shown with their thread: the latest."""

_LOST = frozenset({Status.FAILED, Status.DELETING, Status.DELETED, Status.ERROR})
"""How a sender stands that will not send again by itself."""

Json = dict[str, Any]


async def find_thread(call: Call, thread_id: UUID) -> Json:
    """Return a thread as every route shows it.

    Raises:
        ApiError: As `find_thread_view`.
    """
    return thread_json(await find_thread_view(call, thread_id))


async def find_thread_view(call: Call, thread_id: UUID) -> ThreadView:
    """Return a thread as it stands; one that is still being made reads as the draft it will be.

    Raises:
        ApiError: Neither the projections nor a request know it, its creation was refused, or it is not the caller's (404).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        return await thread_in(connection, call, thread_id)


async def read_thread(call: Call, thread_id: UUID) -> Json:
    """Return a thread with its messages, its participant and its sender; from now on it counts as read.

    Raises:
        ApiError: As `find_thread_view`.
    """
    caller = call.caller
    async with call.edge.reader.bound(caller) as connection:
        view = await thread_in(connection, call, thread_id)
        thread = view.thread
        messages = await queries_messages.last_messages(
            connection, thread_id, caller=caller, limit=SHOWN_MESSAGES
        )
        sender = (
            await queries.get_account(connection, thread.account_id, caller=caller)
            if thread.account_id
            else None
        )
        held_back = (
            await queries_messages.get_suppression(connection, thread.participant_email, caller=caller)
            if thread.participant_email
            else None
        )
    if view.unread:
        await call.edge.markers.read(thread)
    return {
        "thread": thread_json(replace(view, unread=0)),
        "messages": [message_json(each) for each in messages],
        "participantDetails": {
            "email": thread.participant_email,
            "name": thread.participant_name,
            "suppression": suppression_json(held_back) if held_back else None,
        },
        "senderDisconnected": thread.account_id is not None and _is_lost(sender),
        "senderAccount": wide_json(account_json(sender)) if sender else None,
    }


async def list_threads(call: Call) -> Json:
    """Return the page of threads that was asked for, or all that is known of a correspondence.

    Raises:
        ApiError: A parameter makes no sense (400).
    """
    if flag("correspondence", call.http.query_params.get("correspondence", "false")):
        return await _correspondence(call)
    wanted, (page, limit) = matching(call), page_of(call, *THREADS_PAGE)
    with_options = wants_options(call)
    async with call.edge.reader.bound(call.caller) as connection:
        found = await queries_threads.list_threads(
            connection, wanted, caller=call.caller, limit=limit, offset=(page - 1) * limit
        )
        options = await _options(connection, call) if with_options else {}
    threads = [thread_json(each) for each in found.threads]
    return {"threads": threads, "total": found.total, "page": page, "limit": limit, **options}


async def versions_of(call: Call, account_id: UUID | None) -> dict[str, int]:
    """Return the versions of a sender that this gateway has seen, none if it has not seen it."""
    if account_id is None:
        return {}
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries.get_account(connection, account_id, caller=call.caller)
    return {"account": view.account_version, "warmup": view.warmup_version} if view else {}


async def sender_of(call: Call, thread_id: UUID) -> UUID | None:
    """Return the sender of a thread, None if it has none or is not there."""
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries_threads.get_thread(connection, thread_id, caller=call.caller)
    return view.thread.account_id if view else None


async def new_thread(call: Call, thread_id: UUID) -> Json:
    """Return a thread that was asked for, as it stands, with the others with its participant.

    Raises:
        ApiError: As `find_thread_view`.
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await thread_in(connection, call, thread_id)
        others = await queries_threads.correspondence_with(
            connection,
            view.thread.participant_email,
            tenant_id=view.thread.tenant_id,
            workspace_id=view.thread.workspace_id,
            except_id=thread_id,
        )
    return {"thread": thread_json(view), "existing_threads": correspondence_json(others)}


async def thread_in(connection: Connection, call: Call, thread_id: UUID) -> ThreadView:
    """As `find_thread_view`, on a connection that is bound to the caller."""
    view = await queries_threads.get_thread(connection, thread_id, caller=call.caller)
    if view is not None:
        return view
    creation = await find_creation(connection, call.caller, RequestKind.THREAD_CREATE, thread_id)
    if creation is not None and creation.is_open:
        return await unborn_thread(connection, creation)
    if creation is not None and creation.code is not None:
        raise ApiError(
            404,
            "not_found",
            f"The thread was not made: {creation.message}",
            extras={"reason": creation.code},
        )
    raise not_found("thread")


async def _correspondence(call: Call) -> Json:
    address = participant(call)
    if address is None:
        raise invalid("The parameter participant_email is required for a correspondence.")
    async with call.edge.reader.bound(call.caller) as connection:
        found = await queries_threads.correspondence_with(
            connection,
            address,
            tenant_id=call.caller.tenant_id,
            workspace_id=call.caller.workspace_id,
            except_id=an_id(call, "exclude_thread_id"),
        )
    return correspondence_json(found)


async def _options(connection: Connection, call: Call) -> Json:
    senders = await queries_threads.senders(connection, caller=call.caller)
    return {
        "filter_options": {
            "senders": [{"id": str(account_id), "email_address": address} for account_id, address in senders],
            "campaigns": [],
            "channels": list(CHANNELS),
            "statuses": list(STATUSES),
            "inbox_states": list(INBOX_STATES),
            "views": list(VIEWS),
        }
    }


def page_of(call: Call, usual: int, most: int) -> tuple[int, int]:
    """Return which page of a list is asked for, and how long pages are.

    Raises:
        ApiError: It makes no sense (400).
    """
    page = a_number(call, "page", usual=1, most=LAST_PAGE)
    return page, a_number(call, "limit", usual=usual, most=most)


def _is_lost(sender: AccountView | None) -> bool:
    return sender is None or sender.account.suspended or sender.status in _LOST
