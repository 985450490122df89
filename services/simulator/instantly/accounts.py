"""Instantly accounts: connected with a live mailbox login, keyed by their address."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.simulator.agentmail.access import live_key
from services.simulator.instantly import growth
from services.simulator.instantly.errors import not_found, refusal
from services.simulator.instantly.fields import body_of, page
from services.simulator.instantly.jobs import require_unlocked
from services.simulator.instantly.workspace import WORKSPACE_ID
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, local_part_begins, public

_AGENTMAIL_IMAP = "imap.agentmail.to"
_REQUIRED = {
    "email": "string",
    "first_name": "string",
    "last_name": "string",
    "provider_code": "number",
    "imap_username": "string",
    "imap_password": "string",
    "imap_host": "string",
    "imap_port": "number",
    "smtp_username": "string",
    "smtp_password": "string",
    "smtp_host": "string",
    "smtp_port": "number",
}
_SETTINGS = {
    "warmup": "any",
    "warmup_custom_ftag": "string",
    "daily_limit": "any",
    "sending_gap": "any",
    "enable_slow_ramp": "any",
    "signature": "any",
    "reply_to": "any",
    "tracking_domain_name": "any",
    "tracking_domain_status": "any",
    "inbox_placement_test_limit": "any",
}


def create(world: World, call: Call) -> Answer:
    """Connect an account after logging in to its mailbox."""
    body = body_of(call, _REQUIRED, _SETTINGS)
    email = body["email"].lower()
    if "@" not in email:
        raise refusal(400, 'body/email must match format "email"')
    if local_part_begins(email, "fail-sender"):
        raise refusal(400, "This mailbox is not accepted for sending")
    if world.store.get("in.account", email) is not None:
        message = "This account has already been added to this or a different workspace"
        raise refusal(world.knobs.duplicate_sender_status, message)
    _log_in(world, email, body)
    now = world.stamp()
    account: Json = {
        "email": email,
        "timestamp_created": now,
        "timestamp_updated": now,
        "first_name": body["first_name"],
        "last_name": body["last_name"],
        "organization": WORKSPACE_ID,
        "provider_code": body["provider_code"],
        "setup_pending": False,
        "is_managed_account": False,
        "status": 1,
        **{name: body[name] for name in _SETTINGS if name in body},
        **growth.NEW,
    }
    world.store.put("in.account", email, account)
    world.effect(call, "sender.created", key=email, subject=email)
    return json_answer(200, view(world, account))


def _log_in(world: World, email: str, body: Json) -> None:
    """Raise the login failure unless the credentials open the live AgentMail inbox; other hosts are believed."""
    attempts = world.logins[email] = world.logins.get(email, 0) + 1
    if attempts <= world.knobs.imap_transient_failures:
        raise refusal(400, "IMAP connection failed")
    if body["imap_host"] != _AGENTMAIL_IMAP:
        return
    inbox = world.store.get("am.inbox", body["imap_username"].lower())
    if inbox is None or not _opens(world, inbox, body["imap_password"]):
        raise refusal(400, "IMAP connection failed")
    ready = datetime.fromisoformat(inbox["created_at"]) + timedelta(seconds=world.knobs.imap_ready_seconds)
    if world.now() < ready:
        raise refusal(400, "IMAP connection failed")


def _opens(world: World, inbox: Json, password: str) -> bool:
    key = live_key(world, password)
    return key is not None and key["inbox_id"] == inbox["inbox_id"]


def view(world: World, account: Json) -> Json:
    """Return an account as Instantly shows it now: warmup state and score follow virtual time."""
    shown = growth.at(account, world.days())
    started = account.get("_first_warm_day")
    return {
        **public(account),
        "warmup_status": shown.status,
        "stat_warmup_score": shown.score,
        "timestamp_warmup_start": None if started is None else world.stamp(world.virtual(started)),
    }


def load(world: World, call: Call) -> Json:
    """Return the account the path names, or raise the 404."""
    account = world.store.get("in.account", call.params["email"].lower())
    if account is None:
        raise not_found()
    return account


def get(world: World, call: Call) -> Answer:
    """Return one account."""
    return json_answer(200, view(world, load(world, call)))


def list_(world: World, call: Call) -> Answer:
    """Return a page of accounts; `search`, `status` and `tag_ids` narrow it, `warmup` shows its limit only."""
    items = world.store.all("in.account")
    search, status, tag_ids = call.first("search"), call.first("status"), call.first("tag_ids")
    if search:
        items = [account for account in items if search.lower() in account["email"]]
    if status:
        items = [account for account in items if str(account["status"]) == status]
    if tag_ids:
        tagged = {
            one["resource_id"]
            for tag in tag_ids.split(",")
            for one in world.store.find("in.mapping", "tag_id", tag)
        }
        items = [account for account in items if account["email"] in tagged]
    result = page(call, items, "email")
    result["items"] = [_abbreviated(view(world, account)) for account in result["items"]]
    return json_answer(200, result)


def _abbreviated(shown: Json) -> Json:
    warmup = shown.get("warmup")
    return {**shown, "warmup": {"limit": warmup.get("limit")}} if isinstance(warmup, dict) else shown


def patch(world: World, call: Call) -> Answer:
    """Change settings; credentials and provider_code are ignored, as the real API ignores them."""
    account = load(world, call)
    body = body_of(call, {}, {"first_name": "string", "last_name": "string", **_SETTINGS})
    if not call.fields():
        raise refusal(400, "body must NOT have fewer than 1 properties")
    require_unlocked(world, [account["email"]])
    return _changed(world, call, account, body, "sender.updated")


def pause(world: World, call: Call) -> Answer:
    """Pause campaign sending; warmup goes on."""
    return _changed(world, call, load(world, call), {"status": 2}, "sender.paused")


def resume(world: World, call: Call) -> Answer:
    """Resume campaign sending."""
    return _changed(world, call, load(world, call), {"status": 1}, "sender.resumed")


def _changed(world: World, call: Call, account: Json, changes: Json, effect: str) -> Answer:
    after = {**account, **changes, "timestamp_updated": world.stamp()}
    world.store.put("in.account", account["email"], after)
    world.effect(call, effect, key=account["email"], subject=account["email"])
    return json_answer(200, view(world, after))


def delete(world: World, call: Call) -> Answer:
    """Disconnect an account; its warmup and its tag assignments end with it."""
    account = load(world, call)
    email = account["email"]
    if account["_enabled"]:
        world.effect(call, "warmup.disabled", key=email, subject=email)
    for mapping in reversed(world.store.find("in.mapping", "resource_id", email)):
        world.store.delete("in.mapping", mapping["id"])
        world.effect(call, "tag.unassigned", key=mapping["_label"], subject=email)
    world.store.delete("in.account", email)
    world.effect(call, "sender.deleted", key=email, subject=email)
    return json_answer(200, view(world, account))


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/accounts", "accounts.create", create),
    Route("GET", "/accounts", "accounts.list", list_),
    Route("GET", "/accounts/{email}", "accounts.get", get),
    Route("PATCH", "/accounts/{email}", "accounts.patch", patch),
    Route("DELETE", "/accounts/{email}", "accounts.delete", delete),
    Route("POST", "/accounts/{email}/pause", "accounts.pause", pause),
    Route("POST", "/accounts/{email}/resume", "accounts.resume", resume),
    Route("POST", "/accounts/{email}/mark-fixed", "accounts.resume", resume),
)
