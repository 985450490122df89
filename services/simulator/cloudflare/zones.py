"""Cloudflare zones: the simulated account owns every name that is asked for, except those that begin with `nozone`."""

from __future__ import annotations

import hashlib

from services.simulator.cloudflare.envelope import paged, refusal
from services.simulator.dns import host
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json
from services.simulator.world import World, public

_DEFAULT_PER_PAGE = 20


def list_(world: World, call: Call) -> Answer:
    """Return the zone with this name, if owned; without a name, every zone seen so far."""
    name, status = call.first("name"), call.first("status")
    if name is None:
        zones = world.store.all("cf.zone")
    else:
        zone = _own(world, host(name))
        zones = [zone] if zone else []
    return paged(
        call, [zone for zone in zones if status in {None, zone["status"]}], _DEFAULT_PER_PAGE, public
    )


def load(world: World, zone_id: str) -> Json:
    """Return the zone with this id, or raise the 404."""
    zone = world.store.get("cf.zone", zone_id)
    if zone is None:
        message = "Could not route to the requested zone, perhaps your object identifier is invalid?"
        raise refusal(404, 7003, message)
    return zone


def _own(world: World, name: str) -> Json | None:
    if "." not in name or name.startswith("nozone"):
        return None
    zone_id = hashlib.sha256(name.encode()).hexdigest()[:32]
    known = world.store.get("cf.zone", zone_id)
    if known is not None:
        return known
    now = world.stamp()
    zone: Json = {
        "id": zone_id,
        "name": name,
        "status": "active",
        "type": "full",
        "paused": False,
        "development_mode": 0,
        "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "account": {"id": "a" * 32, "name": "Simulated account"},
        "owner": {"id": None, "type": "user", "email": None},
        "meta": {"step": 2, "page_rule_quota": 3},
        "plan": {"id": "free", "name": "Free Website"},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:read"],
        "created_on": now,
        "modified_on": now,
        "activated_on": now,
    }
    return world.store.put("cf.zone", zone_id, zone)


ROUTES: tuple[ProviderRoute, ...] = (Route("GET", "/zones", "zones.list", list_),)
