"""AgentMail threads: made by mail that was sent or arrived, never by a call of their own."""

from __future__ import annotations

from services.simulator.agentmail import mail
from services.simulator.agentmail.errors import not_found
from services.simulator.agentmail.inboxes import load
from services.simulator.agentmail.paging import page, passes
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public


def list_(world: World, call: Call) -> Answer:
    """Return a page of threads, of one inbox or of all."""
    if "inbox_id" in call.params:
        items = world.store.find("am.thread", "inbox_id", load(world, call)["inbox_id"])
    elif call.scope_inbox is not None:
        items = world.store.find("am.thread", "inbox_id", call.scope_inbox)
    else:
        items = world.store.all("am.thread")
    kept = [thread for thread in items if passes(call, thread, _texts(thread))]
    return page(call, kept, "threads", public)


def _texts(thread: Json) -> dict[str, list[str]]:
    names = ("senders", "recipients")
    return {**{name: thread[name] for name in names}, "subject": [thread.get("subject") or ""]}


def _load(world: World, call: Call) -> Json:
    thread = world.store.get("am.thread", call.params["thread_id"])
    inbox_id = call.params.get("inbox_id", call.scope_inbox)
    if thread is None or (inbox_id is not None and thread["inbox_id"] != inbox_id.lower()):
        raise not_found("Thread")
    return thread


def get(world: World, call: Call) -> Answer:
    """Return a thread with its messages, oldest first."""
    thread = _load(world, call)
    messages = [
        public(message) for message in world.store.find("am.message", "thread_id", thread["thread_id"])
    ]
    return json_answer(200, {**public(thread), "messages": messages})


def delete(world: World, call: Call) -> Answer:
    """Delete a thread with its messages."""
    thread = _load(world, call)
    for message in world.store.find("am.message", "thread_id", thread["thread_id"]):
        mail.forget(world, message)
    if world.store.get("am.thread", thread["thread_id"]) is not None:
        world.store.delete("am.thread", thread["thread_id"])
    world.effect(call, "thread.deleted", subject=thread["thread_id"])
    return Answer(world.knobs.empty_status)


ROUTES: tuple[ProviderRoute, ...] = (
    Route("GET", "/threads", "threads.list", list_),
    Route("GET", "/threads/{thread_id}", "threads.get", get),
    Route("GET", "/inboxes/{inbox_id}/threads", "threads.list", list_),
    Route("GET", "/inboxes/{inbox_id}/threads/{thread_id}", "threads.get", get),
    Route("DELETE", "/inboxes/{inbox_id}/threads/{thread_id}", "threads.delete", delete),
)
