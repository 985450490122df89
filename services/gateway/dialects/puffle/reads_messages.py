"""Finding messages, and the addresses that get none, for Puffle's calls about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.gateway import queries_messages
from services.gateway.calls import Call
from services.gateway.dialects.puffle.reads_threads import THREADS_PAGE, page_of, thread_in
from services.gateway.dialects.puffle.render_threads import message_json, suppression_json, thread_json
from services.gateway.unborn_threads import unsent_message

MESSAGES_PAGE = (50, 200)
"""How many messages are shown: usually, and at most."""

Json = dict[str, Any]


async def list_messages(call: Call, thread_id: UUID) -> Json:
    """Return the page of a thread's messages that was asked for, oldest first; it counts as unread all the same.

    Raises:
        ApiError: The page makes no sense (400), or as `find_thread_view`.
    """
    page, limit = page_of(call, *MESSAGES_PAGE)
    async with call.edge.reader.bound(call.caller) as connection:
        await thread_in(connection, call, thread_id)
        found = await queries_messages.list_messages(
            connection, thread_id, caller=call.caller, limit=limit, offset=(page - 1) * limit
        )
    messages = [message_json(each) for each in found.messages]
    return {"messages": messages, "total": found.total, "page": page, "limit": limit}


async def new_message(call: Call, thread_id: UUID, request_id: UUID) -> Json:
    """Return a message that is being sent, as it stands, with its thread.

    Raises:
        ApiError: As `find_thread_view`.
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await thread_in(connection, call, thread_id)
        message = await unsent_message(connection, request_id, view.thread, caller=call.caller)
    return {"message": message_json(message) if message else None, "thread": thread_json(view)}


async def list_suppressions(call: Call) -> Json:
    """Return the page of suppressed addresses that was asked for, the latest first.

    Raises:
        ApiError: The page makes no sense (400).
    """
    page, limit = page_of(call, *THREADS_PAGE)
    async with call.edge.reader.bound(call.caller) as connection:
        found, total = await queries_messages.list_suppressions(
            connection, caller=call.caller, limit=limit, offset=(page - 1) * limit
        )
    return {
        "suppressions": [suppression_json(each) for each in found],
        "total": total,
        "page": page,
        "limit": limit,
    }


async def suppression_as_it_stands(call: Call, address: str) -> Json:
    """Return why the workspace sends no mail to an address; null once it does again."""
    async with call.edge.reader.bound(call.caller) as connection:
        found = await queries_messages.get_suppression(connection, address, caller=call.caller)
    return {"suppression": suppression_json(found) if found else None}
