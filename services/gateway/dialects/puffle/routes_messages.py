"""Puffle's routes of messages and of the addresses that get none: `/api/threads/{id}/messages`, `/api/suppressions`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.gateway.bodies import read_json, read_nothing, shaped
from services.gateway.dialects.puffle import reads_messages
from services.gateway.dialects.puffle import reads_threads as reads
from services.gateway.dialects.puffle.docs import documented
from services.gateway.dialects.puffle.docs_threads import page_parameters
from services.gateway.dialects.puffle.drafts import Written
from services.gateway.dialects.puffle.parameters import Id, ThreadReader, ThreadSender, ThreadWriter
from services.gateway.dialects.puffle.render_threads import SUPPRESSIONS, THREADS
from services.gateway.dialects.puffle.responses import Gone
from services.gateway.dialects.puffle.responses_threads import (
    MessageList,
    NewMessage,
    SuppressionList,
    SuppressionResponse,
)
from services.gateway.dialects.puffle.routes_threads import SENDER_CODES
from services.gateway.dialects.puffle.schemas_threads import LIMIT, SendMessage
from services.gateway.dialects.puffle.subjects import answered
from services.gateway.errors import invalid
from services.gateway.requests.model import RequestKind
from services.gateway.texts import LONGEST_ADDRESS, address
from shared.contracts.threads import MessageSendRequested, SuppressionRemovalRequested

router = APIRouter(prefix="/api", tags=["threads"])


@router.get(
    "/threads/{id}/messages",
    **documented(
        "listThreadMessages",
        "List the messages of a thread",
        scope="threads:read",
        success={200: MessageList},
        errors=(400, 404),
        query=page_parameters(*reads_messages.MESSAGES_PAGE),
    ),
)
async def list_messages(call: ThreadReader, thread_id: Id) -> Response:
    """List a thread's messages, oldest first. What is unread stays so."""
    return answered(await reads_messages.list_messages(call, thread_id))


@router.post(
    "/threads/{id}/messages",
    **documented(
        "sendThreadMessage",
        "Send a message",
        scope="threads:send",
        body=SendMessage,
        success={201: NewMessage, 202: NewMessage},
        errors=(404,),
        codes={
            400: ("invalid_attachments", "body_missing"),
            409: ("thread_exists", "thread_erased", "account_deleted"),
            422: (
                *SENDER_CODES,
                "account_missing",
                "account_mismatch",
                "participant_missing",
                "subject_missing",
                "thread_not_sendable",
                "nothing_to_reply_to",
                "recipient_suppressed",
            ),
            429: ("daily_limit_reached",),
            502: ("message_refused",),
        },
        waits=True,
    ),
)
async def send_message(call: ThreadSender, thread_id: Id) -> Response:
    """Send a mail in a thread, exactly once, and answer when the provider has taken it.

    Without `threading_mode` it answers the latest message that arrived, else it is a new mail, which needs a subject.
    What the message does not say is taken from the thread's draft, which is then gone.

    Repeat the call with the same `Idempotency-Key` if you never got an answer: no second mail leaves. If nobody can
    find out whether the mail left, the answer is 201 with a message whose `status` is `unknown`.
    """
    body = await read_json(call.http, limit=LIMIT)
    wanted = shaped(SendMessage, body)
    given = UUID(wanted.account_id) if wanted.account_id else None
    message = Written(call, thread_id, "message", wanted.content, call.edge.ids.new())
    known = await reads.sender_of(call, thread_id)
    data = MessageSendRequested(
        caller=call.caller,
        message_id=call.edge.ids.new(),
        content_ref=message.ref,
        account_id=given,
        threading_mode=wanted.mode,
        seen=await reads.versions_of(call, known or given),
    )

    async def may_be_asked() -> None:
        await reads.find_thread_view(call, thread_id)
        await message.check()

    asked = await call.ask(
        RequestKind.MESSAGE_SEND, thread_id, data, body=body, guard=may_be_asked, content=message.part
    )

    async def as_it_stands() -> Response:
        response = answered(await reads_messages.new_message(call, thread_id, asked.request_id), 202)
        response.headers["Location"] = f"{THREADS}/{thread_id}/messages"
        return response

    return await call.respond(asked, otherwise=as_it_stands)


@router.get(
    "/suppressions",
    **documented(
        "listSuppressions",
        "List the addresses that no mail goes to",
        scope="threads:read",
        success={200: SuppressionList},
        errors=(400,),
        query=page_parameters(*reads.THREADS_PAGE),
    ),
)
async def list_suppressions(call: ThreadReader) -> Response:
    """List the addresses that the workspace sends no mail to, because one came back or was called spam."""
    return answered(await reads_messages.list_suppressions(call))


@router.delete(
    "/suppressions/{address}",
    **documented(
        "liftSuppression",
        "Let mail go to an address again",
        scope="threads:write",
        success={200: Gone, 202: SuppressionResponse},
        errors=(404, 413),
        codes={400: ("invalid_json", "unknown_field")},
        waits=True,
    ),
)
async def lift_suppression(
    call: ThreadWriter,
    address_text: Annotated[
        str,
        Path(
            alias="address",
            json_schema_extra={"format": "email", "minLength": 3, "maxLength": LONGEST_ADDRESS},
        ),
    ],
) -> Response:
    """Let mail go to an address again that bounced or complained."""
    await read_nothing(call.http)
    wanted = address(address_text)
    if wanted is None:
        raise invalid("The address in the path must be an email address.")
    data = SuppressionRemovalRequested(caller=call.caller, workspace_id=call.workspace_id, address=wanted)
    asked = await call.ask(RequestKind.SUPPRESSION_REMOVE, call.workspace_id, data)

    async def as_it_stands() -> Response:
        response = answered(await reads_messages.suppression_as_it_stands(call, wanted), 202)
        response.headers["Location"] = SUPPRESSIONS
        return response

    return await call.respond(asked, otherwise=as_it_stands)
