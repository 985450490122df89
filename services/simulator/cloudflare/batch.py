"""Cloudflare's batch of record changes: deletes, patches, puts and posts in that order, all of them or none."""

from __future__ import annotations

from services.simulator.cloudflare.envelope import found, refusal
from services.simulator.cloudflare.records import add, change, find, remove
from services.simulator.cloudflare.zones import load
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json
from services.simulator.world import World, public

_LARGEST = 200


def batch(world: World, call: Call) -> Answer:
    """Apply a batch in one transaction: the first refusal undoes all of it."""
    zone = load(world, call.params["zone_id"])
    parts = {name: call.fields().get(name) or [] for name in ("deletes", "patches", "puts", "posts")}
    if sum(len(part) for part in parts.values()) > _LARGEST:
        raise refusal(400, 9207, f"At most {_LARGEST} operations in one batch.")
    result: Json = {"deletes": []}
    for sent in parts["deletes"]:
        record = find(world, zone, sent.get("id"))
        remove(world, call, zone, record)
        result["deletes"].append(public(record))
    for name in ("patches", "puts"):
        changed = [change(world, call, zone, find(world, zone, sent.get("id")), sent) for sent in parts[name]]
        result[name] = [public(record) for record in changed]
    result["posts"] = [public(add(world, call, zone, sent)) for sent in parts["posts"]]
    return found(result)


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/zones/{zone_id}/dns_records/batch", "records.batch", batch),
)
