"""Instantly background jobs: pending, in progress, then success or failure; meanwhile they lock accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.simulator.instantly import growth
from services.simulator.instantly.errors import not_found, refusal
from services.simulator.instantly.fields import page
from services.simulator.instantly.workspace import WORKSPACE_ID
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public

_TYPE = "update-warmup-accounts"
_TIMER_SLACK_SECONDS = 0.005
_PENDING_SHARE = 1 / 3


def start(world: World, call: Call, emails: list[str], *, enable: bool) -> Json:
    """Queue a warmup job over some accounts and return it as the provider first shows it; 409 when locked."""
    require_unlocked(world, emails)
    now, seconds = world.now(), world.settings.simulator_job_seconds
    job_id = world.hex(24)
    job: Json = {
        "id": job_id,
        "workspace_id": WORKSPACE_ID,
        "type": _TYPE,
        "entity_type": "workspace",
        "entity_id": WORKSPACE_ID,
        "progress": 0,
        "status": "pending",
        "data": {"total_to_process": len(emails), "success_count": 0, "failed_count": 0},
        "created_at": world.stamp(now),
        "updated_at": world.stamp(now),
        "_open": True,
        "_due": world.stamp(now + timedelta(seconds=seconds)),
        "_emails": emails,
        "_enable": enable,
        "_origin": {"operation": call.operation, "request_id": call.request_id},
    }
    world.store.put("in.job", job_id, job)
    world.wake_in(seconds + _TIMER_SLACK_SECONDS)
    return public(job)


def require_unlocked(world: World, emails: list[str]) -> None:
    """Raise the 409 while a running job holds the workspace or one of these accounts, as the setting says."""
    lock = world.settings.simulator_job_lock
    if lock == "off":
        return
    wanted = set(emails)
    for job in world.store.find("in.job", "_open", True):
        if lock == "workspace" or wanted.intersection(job["_emails"]):
            raise refusal(409, f"A job of type {_TYPE} is already in progress")


def settle(world: World) -> None:
    """End the jobs whose time has come: only now does warmup change."""
    if not world.store.indexed("in.job", "_open"):
        return
    now = world.stamp()
    for job in world.store.find("in.job", "_open", True):
        if job["_due"] <= now:
            _finish(world, job)


def resume(world: World) -> None:
    """Ask to be woken for the jobs that a restart interrupted."""
    for job in world.store.find("in.job", "_open", True):
        left = (datetime.fromisoformat(job["_due"]) - world.now()).total_seconds()
        world.wake_in(max(left, 0.0) + _TIMER_SLACK_SECONDS)


def _finish(world: World, job: Json) -> None:
    succeeded = 0
    if world.knobs.job_outcome == "success":
        succeeded = sum(_apply(world, job, email) for email in job["_emails"])
    failed = len(job["_emails"]) - succeeded
    ended = {
        **job,
        "status": world.knobs.job_outcome,
        "progress": 100,
        "data": {**job["data"], "success_count": succeeded, "failed_count": failed},
        "updated_at": job["_due"],
        "_open": None,
    }
    world.store.put("in.job", job["id"], ended)


def _apply(world: World, job: Json, email: str) -> bool:
    """Switch one account's warmup; the ledger hears only of a real change."""
    account = world.store.get("in.account", email)
    if account is None:
        return False
    if account["_enabled"] != job["_enable"]:
        change = growth.enabled if job["_enable"] else growth.disabled
        world.store.put("in.account", email, change(account, world.days()))
        effect = "warmup.enabled" if job["_enable"] else "warmup.disabled"
        world.record(effect, provider="instantly", **job["_origin"], key=job["id"], subject=email)
    return True


def _view(world: World, job: Json) -> Json:
    if not job["_open"]:
        return public(job)
    created, due = datetime.fromisoformat(job["created_at"]), datetime.fromisoformat(job["_due"])
    share = (world.now() - created) / (due - created) if due > created else 1.0
    if share < _PENDING_SHARE:
        return public(job)
    return {**public(job), "status": "in-progress", "progress": min(int(share * 100), 99)}


def get(world: World, call: Call) -> Answer:
    """Return one job; `data_fields` picks from its data."""
    job = world.store.get("in.job", call.params["id"])
    if job is None:
        raise not_found()
    shown, names = _view(world, job), call.first("data_fields")
    if names:
        shown["data"] = {name: value for name, value in shown["data"].items() if name in names.split(",")}
    return json_answer(200, shown)


def list_(world: World, call: Call) -> Answer:
    """Return a page of jobs, narrowed by `type`, `status` and `ids`."""
    items = [_view(world, job) for job in world.store.all("in.job")]
    for name, field in (("type", "type"), ("status", "status"), ("ids", "id")):
        wanted = call.first(name)
        if wanted:
            items = [job for job in items if job[field] in wanted.split(",")]
    return json_answer(200, page(call, items, "id"))


ROUTES: tuple[ProviderRoute, ...] = (
    Route("GET", "/background-jobs", "jobs.list", list_),
    Route("GET", "/background-jobs/{id}", "jobs.get", get),
)
