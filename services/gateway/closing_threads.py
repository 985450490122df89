"""What the answers to requests about threads show: the thread, the message that was sent, the other threads with its participant."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from services.gateway.queries_messages import messages_to_show
from services.gateway.queries_threads import correspondence_with, threads_to_show
from services.gateway.requests.model import OpenRequest, RequestKind
from services.gateway.views import View
from services.gateway.views_threads import Correspondence, ThreadAnswerView
from shared.contracts.answers import Outcome, RequestAnswered, ThreadRequestAnswered
from shared.db.pool import Connection


async def thread_views(
    connection: Connection, answers: Mapping[UUID, tuple[OpenRequest, RequestAnswered]]
) -> dict[UUID, ThreadAnswerView]:
    """Return what these answers show, by request; nothing for a thread that nobody knows or that was erased.

    What a creation shows besides is everything else with the participant (S3-25); a refusal because of a thread that is
    there shows that one among the others (S3-28).
    """
    threads = await threads_to_show(connection, {answer.subject_id for _, answer in answers.values()})
    message_ids = {request_id: _message_id(answer) for request_id, (_, answer) in answers.items()}
    wanted = {each for each in message_ids.values() if each is not None}
    messages = await messages_to_show(connection, wanted) if wanted else {}
    views: dict[UUID, ThreadAnswerView] = {}
    for request_id, (request, answer) in answers.items():
        view = threads.get(answer.subject_id)
        if view is None:
            continue
        others = Correspondence()
        is_there = answer.code == "thread_exists"
        if is_there or request.kind is RequestKind.THREAD_CREATE:
            others = await correspondence_with(
                connection,
                view.thread.participant_email,
                tenant_id=view.thread.tenant_id,
                workspace_id=view.thread.workspace_id,
                except_id=None if is_there else view.thread.thread_id,
            )
        message_id = message_ids[request_id]
        message = messages.get(message_id) if message_id is not None else None
        views[request_id] = ThreadAnswerView(view, others, message)
    return views


def threads_shown(request: OpenRequest, answer: RequestAnswered, view: View | None) -> frozenset[UUID] | None:
    """Return the threads that an answer shows besides the request's own; None if it is not about a thread."""
    if not isinstance(answer, ThreadRequestAnswered):
        return None
    others = view.correspondence.threads if isinstance(view, ThreadAnswerView) else ()
    return frozenset((answer.subject_id, *(each.thread.thread_id for each in others))) - {request.subject_id}


def _message_id(answer: RequestAnswered) -> UUID | None:
    told = answer.details.get("message_id")
    return UUID(str(told)) if told and answer.outcome is Outcome.DONE else None
