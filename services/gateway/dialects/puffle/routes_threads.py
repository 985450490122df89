"""Puffle's thread routes: `/api/threads`."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway import queries_threads
from services.gateway.bodies import read_json, read_nothing, shaped
from services.gateway.calls import Call
from services.gateway.dialects.puffle import reads_threads as reads
from services.gateway.dialects.puffle.docs import documented
from services.gateway.dialects.puffle.docs_threads import LIST_PARAMETERS
from services.gateway.dialects.puffle.drafts import Written
from services.gateway.dialects.puffle.parameters import Id, ThreadReader, ThreadWriter
from services.gateway.dialects.puffle.render_threads import THREADS, thread_json
from services.gateway.dialects.puffle.responses import Gone
from services.gateway.dialects.puffle.responses_threads import (
    NewThread,
    ThreadDetails,
    ThreadList,
    ThreadResponse,
)
from services.gateway.dialects.puffle.schemas_threads import LIMIT, ChangeThread, CreateThread
from services.gateway.dialects.puffle.subjects import Subject, answered, ask, ask_of_existing
from services.gateway.dialects.wire import JSON, encode
from services.gateway.requests.model import RequestKind, StoredResponse
from services.gateway.store_markers import leave_unread
from shared.content.model import MailContent
from shared.contracts.threads import (
    ThreadChangeRequested,
    ThreadChanges,
    ThreadErasureRequested,
    ThreadRequested,
)
from shared.db.pool import Connection

router = APIRouter(prefix=THREADS, tags=["threads"])

THREAD = Subject("thread", THREADS, reads.find_thread)

SENDER_CODES = ("account_not_email", "account_without_inbox", "account_not_ready")
"""Why an account cannot be the sender of a thread."""


@router.post(
    "",
    **documented(
        "createThread",
        "Draft a one-off mail",
        scope="threads:write",
        body=CreateThread,
        success={201: NewThread, 202: NewThread},
        errors=(404,),
        codes={400: ("invalid_attachments",), 409: ("thread_exists",), 422: SENDER_CODES},
        waits=True,
    ),
)
async def create_thread(call: ThreadWriter) -> Response:
    """Draft a one-off mail outside campaigns; nothing is sent. Send it with `sendThreadMessage`.

    At least one field besides `account_id` must say something. The recipient and the sender may be given later, both
    are needed to send. A sender must be an email account of the workspace with an inbox, and ready to send: `active`.

    If this sender has a thread with this recipient that is neither archived nor warmup, drafts included, the answer is
    409 with `existing_thread` and `existing_threads`: open that one and send there. Threads of other senders do not
    block; they are among `existing_threads` of the 201.
    """
    body = await read_json(call.http, limit=LIMIT)
    wanted = shaped(CreateThread, body)
    account_id = UUID(wanted.account_id) if wanted.account_id else None
    thread_id = call.edge.ids.new()
    is_written = wanted.content != MailContent()
    draft = Written(call, thread_id, "draft", wanted.content, call.edge.ids.new())
    data = ThreadRequested(
        caller=call.caller,
        workspace_id=call.workspace_id,
        account_id=account_id,
        participant_email=wanted.participant_email,
        participant_name=wanted.participant_name,
        draft_ref=draft.ref if is_written else None,
        seen=await reads.versions_of(call, account_id),
    )
    asked = await call.ask(
        RequestKind.THREAD_CREATE,
        thread_id,
        data,
        body=body,
        guard=draft.check,
        content=draft.part if is_written else None,
    )

    async def as_it_stands() -> Response:
        response = answered(await reads.new_thread(call, asked.subject_id), 202)
        response.headers["Location"] = f"{THREADS}/{asked.subject_id}"
        return response

    return await call.respond(asked, otherwise=as_it_stands)


@router.get(
    "",
    **documented(
        "listThreads",
        "List threads",
        scope="threads:read",
        success={200: ThreadList},
        errors=(400,),
        query=LIST_PARAMETERS,
    ),
)
async def list_threads(call: ThreadReader) -> Response:
    """List threads, the last active first.

    All parameters must hold; of the words that one of them lists, one must. Without `view`, `inbox_state`, `status`,
    `unread` and `bounced` it lists the inbox: active threads in which something arrived.
    """
    return answered(await reads.list_threads(call))


@router.get(
    "/{id}",
    **documented(
        "getThread",
        "Read a thread with its messages",
        scope="threads:read",
        success={200: ThreadDetails},
        errors=(400, 404),
    ),
)
async def get_thread(call: ThreadReader, thread_id: Id) -> Response:
    """Read a thread, its latest 200 messages (oldest first), its participant and its sender. It then counts as read."""
    return answered(await reads.read_thread(call, thread_id))


@router.patch(
    "/{id}",
    **documented(
        "updateThread",
        "Change a thread or its draft",
        scope="threads:write",
        body=ChangeThread,
        success={200: ThreadResponse, 202: ThreadResponse},
        errors=(404,),
        codes={
            400: ("invalid_attachments",),
            409: ("thread_exists",),
            422: (*SENDER_CODES, "thread_not_editable"),
        },
        waits=True,
    ),
)
async def change_thread(call: ThreadWriter, thread_id: Id) -> Response:
    """Archive a thread or take it out of the archive, choose who it is between, rewrite its draft.

    A `status` other than `active` and `archived` is ignored; the call must have something else to change then. Another
    sender or recipient must not have a thread with the other side already (409). `unread_count` is how many of the
    messages that arrived count as unread; it is set when the call is accepted, whatever becomes of the rest.
    """
    body = await read_json(call.http, limit=LIMIT)
    wanted = shaped(ChangeThread, body)
    if not (wanted.changed or wanted.draft_changed):
        return await _mark(call, thread_id, wanted.unread_count, body)
    account_id = UUID(wanted.account_id) if wanted.account_id else None
    draft = Written(call, thread_id, "draft", wanted.content, call.edge.ids.new())
    is_written = bool(wanted.draft_changed)
    data = ThreadChangeRequested(
        caller=call.caller,
        changes=ThreadChanges(
            status="archived"
            if wanted.status == "archived"
            else "active"
            if "status" in wanted.changed
            else None,
            account_id=account_id,
            participant_email=wanted.participant_email,
            participant_name=wanted.participant_name,
        ),
        changed=wanted.changed,
        draft_ref=draft.ref if is_written else None,
        draft_changed=wanted.draft_changed,
        seen=await reads.versions_of(call, account_id),
    )

    async def may_be_asked() -> None:
        view = await reads.find_thread_view(call, thread_id)
        await draft.check()
        if wanted.sets_unread and view.version:
            await call.edge.markers.leave(view.thread, wanted.unread_count)

    return await ask(
        call,
        THREAD,
        RequestKind.THREAD_CHANGE,
        thread_id,
        data,
        body=body,
        guard=may_be_asked,
        content=draft.part if is_written else None,
    )


@router.delete(
    "/{id}",
    **documented(
        "eraseThread",
        "Erase a thread",
        scope="threads:write",
        success={200: Gone, 202: ThreadResponse},
        errors=(404, 413),
        codes={400: ("invalid_json", "unknown_field"), 409: ("message_under_way",)},
        waits=True,
    ),
)
async def erase_thread(call: ThreadWriter, thread_id: Id) -> Response:
    """Erase a thread with everything that was written in it and every file that belongs to it; there is no way back.

    Messages that wait to be sent are not sent any more; while the provider has one in hand the answer is 409.
    """
    await read_nothing(call.http)
    data = ThreadErasureRequested(caller=call.caller)
    return await ask_of_existing(call, THREAD, RequestKind.THREAD_ERASE, thread_id, data)


async def _mark(call: Call, thread_id: UUID, unread: int, body: object) -> Response:
    """Set how many messages of a thread are unread, which the gateway itself remembers."""

    async def change(connection: Connection) -> StoredResponse:
        view = await queries_threads.get_thread(connection, thread_id, caller=call.caller)
        if view is not None:
            await leave_unread(connection, view.thread, unread)
            view = await queries_threads.get_thread(connection, thread_id, caller=call.caller)
        shown = thread_json(view) if view else await reads.find_thread(call, thread_id)
        return StoredResponse(200, {"Content-Type": JSON}, encode({"thread": shown}), subject_id=thread_id)

    return await call.decide(change, body=body, subject_id=thread_id)
