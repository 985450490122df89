"""AgentMail domains: registered with the records they need, verified once public DNS shows them."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.simulator import dns
from services.simulator.agentmail import records
from services.simulator.agentmail.delivery import emit
from services.simulator.agentmail.errors import invalid, not_found, refusal
from services.simulator.agentmail.fields import DOMAIN, checked
from services.simulator.agentmail.paging import page
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, public

_FLAGS = {
    "feedback_enabled": "bool",
    "inbound_enabled": "bool",
    "subdomains_enabled": "bool",
    "tracking_enabled": "bool",
}
_DEFAULTS = {
    "feedback_enabled": True,
    "inbound_enabled": True,
    "subdomains_enabled": False,
    "tracking_enabled": False,
}


def create(world: World, call: Call) -> Answer:
    """Register a domain; the answer lists the records to publish."""
    body = checked(
        call, {"domain": "str", "allow_conflicting_provider": "bool", **_FLAGS}, required=("domain",)
    )
    name = dns.host(body["domain"])
    if not DOMAIN.fullmatch(name):
        raise invalid(["domain"], "Invalid domain")
    if world.store.get("am.domain", name) is not None:
        raise refusal(
            world.knobs.taken_status, "already_exists", "Domain already exists", "AlreadyExistsError"
        )
    flags = {flag: body.get(flag, default) for flag, default in _DEFAULTS.items()}
    if flags["inbound_enabled"] and not body.get("allow_conflicting_provider") and _is_at_google(world, name):
        raise refusal(422, "unprocessable", "Domain has MX records of another provider")
    domain = world.store.put("am.domain", name, registered(world, name, flags, "NOT_STARTED"))
    world.effect(call, "domain.created", key=name, subject=name)
    return json_answer(200, _view(world, domain))


def registered(world: World, name: str, flags: Json, status: str) -> Json:
    """Return a fresh domain object."""
    now = world.stamp()
    return {
        "domain_id": name,
        "domain": name,
        "status": status,
        **flags,
        "updated_at": now,
        "created_at": now,
    }


def seed(world: World) -> None:
    """Put the platform's own domains in place, verified."""
    names = [dns.host(name.strip()) for name in world.settings.platform_domains.split(",") if name.strip()]
    with world.store.transaction():
        for name in names:
            if world.store.get("am.domain", name) is None:
                world.store.put("am.domain", name, registered(world, name, _DEFAULTS, "VERIFIED"))


def _is_at_google(world: World, name: str) -> bool:
    return any("google" in record["content"] for record in dns.lookup(world, "MX", name))


def _view(world: World, domain: Json) -> Json:
    return {**public(domain), "records": records.checked(world, domain)}


def _item(domain: Json) -> Json:
    return {name: value for name, value in public(domain).items() if name not in {"status", "reason"}}


def _load(world: World, call: Call) -> Json:
    domain = world.store.get("am.domain", dns.host(call.params["domain_id"]))
    if domain is None:
        raise not_found("Domain")
    return domain


def get(world: World, call: Call) -> Answer:
    """Return one domain; once verification was asked for, its checks repeat by themselves."""
    domain = _load(world, call)
    if domain["status"] in {"PENDING", "INVALID"}:
        domain = _judge(world, domain)
    return json_answer(200, _view(world, domain))


def list_(world: World, call: Call) -> Answer:
    """Return a page of domains, without status and records."""
    return page(call, world.store.all("am.domain"), "domains", _item)


def update(world: World, call: Call) -> Answer:
    """Change flags; needing another record sends a verified domain back to PENDING."""
    domain, body = _load(world, call), checked(call, _FLAGS)
    if not body:
        raise invalid([], "At least one field is required")
    grows = any(body.get(flag) and not domain[flag] for flag in ("inbound_enabled", "subdomains_enabled"))
    status = "PENDING" if grows and domain["status"] == "VERIFIED" else domain["status"]
    changed = {**domain, **body, "status": status, "updated_at": world.stamp()}
    updated = world.store.put("am.domain", domain["domain_id"], changed)
    world.effect(call, "domain.updated", key=domain["domain_id"], subject=domain["domain_id"])
    return json_answer(200, _view(world, updated))


def verify(world: World, call: Call) -> Answer:
    """Start the checks; the result shows on GET, and as a webhook once verified."""
    domain = _load(world, call)
    if domain["status"] not in {"VERIFIED", "VERIFYING"}:
        origin = {"operation": call.operation, "request_id": call.request_id}
        _judge(world, {**domain, "_origin": origin})
    return Answer(world.knobs.empty_status)


def _judge(world: World, domain: Json) -> Json:
    status, reason = records.verdict(records.checked(world, domain))
    changed = {**domain, "status": status, "reason": reason}
    if status == "VERIFYING":
        due = world.now() + timedelta(seconds=world.settings.simulator_verify_seconds)
        changed["_verifying"] = world.stamp(due)
        world.wake_in(world.settings.simulator_verify_seconds + 0.005)
    if changed == domain:
        return domain
    return world.store.put("am.domain", domain["domain_id"], {**changed, "updated_at": world.stamp()})


def settle(world: World) -> None:
    """Verify the domains whose authorisation time has passed."""
    if not world.store.indexed("am.domain", "_verifying"):
        return
    now = world.stamp()
    for domain in world.store.indexed("am.domain", "_verifying"):
        if domain["_verifying"] > now:
            continue
        changed = {**domain, "status": "VERIFIED", "reason": None, "_verifying": None, "updated_at": now}
        verified = world.store.put("am.domain", domain["domain_id"], changed)
        name = domain["domain_id"]
        world.record("domain.verified", provider="agentmail", **domain["_origin"], key=name, subject=name)
        emit(world, "domain.verified", {"domain": _view(world, verified)})


def resume(world: World) -> None:
    """Ask to be woken for the verifications that a restart interrupted."""
    for domain in world.store.indexed("am.domain", "_verifying"):
        left = datetime.fromisoformat(domain["_verifying"]) - world.now()
        world.wake_in(max(left.total_seconds(), 0.0) + 0.005)


def zone_file(world: World, call: Call) -> Answer:
    """Return the records as a BIND zone file."""
    domain = _load(world, call)
    return Answer(200, records.zone_file(domain).encode(), (("content-type", "text/plain"),))


def setup_link(world: World, call: Call) -> Answer:
    """Say that one-click setup is not offered."""
    _load(world, call)
    return json_answer(200, {"supported": False})


def delete(world: World, call: Call) -> Answer:
    """Forget the domain; its inboxes stay readable but send no more."""
    domain = _load(world, call)
    world.store.delete("am.domain", domain["domain_id"])
    world.effect(call, "domain.deleted", key=domain["domain_id"], subject=domain["domain_id"])
    return Answer(world.knobs.empty_status)


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/domains", "domains.create", create),
    Route("GET", "/domains", "domains.list", list_),
    Route("GET", "/domains/{domain_id}", "domains.get", get),
    Route("PATCH", "/domains/{domain_id}", "domains.update", update),
    Route("DELETE", "/domains/{domain_id}", "domains.delete", delete),
    Route("POST", "/domains/{domain_id}/verify", "domains.verify", verify),
    Route("GET", "/domains/{domain_id}/zone-file", "domains.zone_file", zone_file),
    Route("GET", "/domains/{domain_id}/setup-link", "domains.setup_link", setup_link),
)
