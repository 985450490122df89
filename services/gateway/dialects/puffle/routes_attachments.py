"""Puffle's attachments: `POST /api/threads/{id}/attachments`."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway import queries_threads
from services.gateway.calls import Call
from services.gateway.dialects.puffle.docs import documented
from services.gateway.dialects.puffle.parameters import Id, ThreadWriter
from services.gateway.dialects.puffle.render_threads import THREADS, attachment_json
from services.gateway.dialects.puffle.responses_attachments import AttachmentResponse
from services.gateway.dialects.wire import JSON, encode
from services.gateway.errors import ApiError, not_found
from services.gateway.requests.model import StoredResponse
from services.gateway.uploads import upload_of
from shared.contracts.threads import Channel, ThreadState, ThreadStatus
from shared.db.pool import Connection

router = APIRouter(prefix=THREADS, tags=["threads"])


@router.post(
    "/{id}/attachments",
    **documented(
        "uploadThreadAttachment",
        "Upload a file for a thread",
        scope="threads:write",
        success={201: AttachmentResponse},
        errors=(404,),
        codes={400: ("file_too_large", "thread_not_editable"), 500: ("storage_unavailable",)},
        uploads=True,
    ),
)
async def upload_attachment(call: ThreadWriter, thread_id: Id) -> Response:
    """Upload one file, at most 10 MB, as the field `file` of a form; then attach it to a draft or a message of the thread.

    `bucket` and `path` of the answer are what a draft (`draft_attachments`) or a message (`attachments`) names it by.
    The kind of the file is told by its bytes, and its name made safe. A file that nothing refers to for a day is erased;
    so is every file of a thread that is erased.
    """
    thread = await _editable(call, thread_id)
    upload = await upload_of(call.http)
    received = await call.edge.files.receive(
        upload, tenant_id=thread.tenant_id, workspace_id=thread.workspace_id, thread_id=thread_id
    )
    url = await call.edge.files.link(received.path)

    async def keep(connection: Connection) -> StoredResponse:
        attachment = await call.edge.files.keep(connection, received)
        headers = {"Content-Type": JSON, **({"Location": url} if url else {})}
        body = encode({"attachment": {**attachment_json(attachment), "url": url}})
        return StoredResponse(201, headers, body)

    # A repetition is one that sends the same bytes under the same name, however its form is written.
    said = {"name": received.name, "sha256": received.digest}
    try:
        response = await call.decide(keep, body=said, subject_id=thread_id)
    except ApiError:
        await call.edge.files.give_up(received.path)
        raise
    if "Idempotent-Replayed" in response.headers:
        await call.edge.files.give_up(received.path)
    return response


async def _editable(call: Call, thread_id: UUID) -> ThreadState:
    """Return the thread, if something can still be written in it.

    Raises:
        ApiError: There is none, or it is not the caller's, or not mail (404), or it is archived or warmup's (400).
    """
    async with call.edge.reader.bound(call.caller) as connection:
        view = await queries_threads.get_thread(connection, thread_id, caller=call.caller)
    if view is None or view.thread.channel is not Channel.EMAIL:
        raise not_found("thread")
    if view.thread.status not in {ThreadStatus.DRAFT, ThreadStatus.ACTIVE}:
        status = view.thread.status
        raise ApiError(
            400,
            "thread_not_editable",
            f"Nothing can be attached in a thread that is {status}.",
            extras={"status": status},
        )
    return view.thread
