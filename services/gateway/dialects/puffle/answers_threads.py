"""How Puffle words the final answer of a request about a thread."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from services.gateway.dialects.puffle.render_threads import (
    THREADS,
    correspondence_json,
    message_json,
    thread_json,
)
from services.gateway.dialects.wire import JSON, encode
from services.gateway.requests.model import OpenRequest, RequestKind, StoredResponse
from services.gateway.views_threads import ThreadAnswerView
from shared.contracts.answers import RequestAnswered


def done(request: OpenRequest, answer: RequestAnswered, view: ThreadAnswerView) -> StoredResponse:
    """Return the answer to a request that was done: 201 for what is new (A7)."""
    thread = thread_json(view.thread)
    place = f"{THREADS}/{view.thread.thread.thread_id}"
    match request.kind:
        case RequestKind.THREAD_CREATE:
            others = correspondence_json(view.correspondence)
            return _shown(answer, 201, {"thread": thread, "existing_threads": others}, place)
        case RequestKind.MESSAGE_SEND if view.message is not None:
            body = {"message": message_json(view.message), "thread": thread}
            return _shown(answer, 201, body, f"{place}/messages")
        case _:
            return _shown(answer, 200, {"thread": thread})


def refused(code: str, view: ThreadAnswerView) -> dict[str, Any]:
    """Return what a refusal adds to the error: the thread that is there already, and all with its participant (S3-28)."""
    if code != "thread_exists":
        return {}
    return {
        "existing_thread": thread_json(view.thread),
        "existing_threads": correspondence_json(view.correspondence),
    }


def seconds_until(resets_at: str, now: datetime) -> str:
    """Return how long to wait for an instant, as `Retry-After` says it: whole seconds, at least one."""
    return str(max(1, math.ceil((datetime.fromisoformat(resets_at) - now).total_seconds())))


def _shown(answer: RequestAnswered, status: int, body: Any, place: str | None = None) -> StoredResponse:
    headers = {"Content-Type": JSON, **({"Location": place} if place else {})}
    return StoredResponse(status, headers, encode(body), subject_id=answer.subject_id)
