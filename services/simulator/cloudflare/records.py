"""Cloudflare DNS records: what they may hold, and the calls on one of them or on a listing."""

from __future__ import annotations

from services.simulator.cloudflare.envelope import found, paged, refusal
from services.simulator.cloudflare.zones import load
from services.simulator.dns import host, txt_stored, txt_value
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json
from services.simulator.world import World, public

_DEFAULT_PER_PAGE = 100
_TYPES = {"A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA"}
_ADDRESS_TYPES = {"A", "AAAA", "CNAME"}
_FIELDS = ("type", "name", "content", "ttl", "priority", "proxied", "comment", "tags")


def add(world: World, call: Call, zone: Json, sent: Json) -> Json:
    """Create a record; raises the refusals for bad, identical or clashing ones."""
    now, record_id = world.stamp(), world.hex(32)
    record = {
        **_checked(zone, sent),
        "id": record_id,
        "created_on": now,
        "modified_on": now,
        "_zone_id": zone["id"],
    }
    _require_room(world, record)
    world.store.put("cf.record", record_id, record)
    _note(world, call, "record.created", record, zone)
    return record


def change(world: World, call: Call, zone: Json, record: Json, sent: Json) -> Json:
    """Replace the given fields of a record."""
    kept = {name: record[name] for name in _FIELDS if name in record}
    changed = {**record, **_checked(zone, {**kept, **sent}), "modified_on": world.stamp()}
    _require_room(world, changed)
    world.store.put("cf.record", record["id"], changed)
    _note(world, call, "record.updated", changed, zone)
    return changed


def remove(world: World, call: Call, zone: Json, record: Json) -> None:
    """Delete a record."""
    world.store.delete("cf.record", record["id"])
    _note(world, call, "record.deleted", record, zone)


def find(world: World, zone: Json, record_id: object) -> Json:
    """Return the zone's record with this id, or raise the 404."""
    record = world.store.get("cf.record", record_id) if isinstance(record_id, str) else None
    if record is None or record["_zone_id"] != zone["id"]:
        raise refusal(404, 81044, "Record does not exist.")
    return record


def _checked(zone: Json, sent: Json) -> Json:
    kind, name, content = sent.get("type"), sent.get("name"), sent.get("content")
    if kind not in _TYPES or not isinstance(name, str) or not isinstance(content, str) or not content:
        raise refusal(400, 9005, "DNS record is invalid: type, name and content are required.")
    full = zone["name"] if name == "@" else host(name)
    if full != zone["name"] and not full.endswith("." + zone["name"]):
        full = f"{full}.{zone['name']}"
    if kind == "MX" and not isinstance(sent.get("priority"), int | float):
        raise refusal(400, 9100, "priority is a required data field.")
    return {
        "type": kind,
        "name": full,
        "content": txt_stored(content) if kind == "TXT" else host(content),
        "ttl": sent.get("ttl") or 1,
        "priority": sent.get("priority"),
        "proxied": bool(sent.get("proxied")),
        "proxiable": kind in _ADDRESS_TYPES,
        "comment": sent.get("comment"),
        "tags": sent.get("tags") or [],
        "settings": {},
        "meta": {},
    }


def _require_room(world: World, record: Json) -> None:
    """Raise when the same record, or one that cannot share its name, is there already."""
    for other in world.store.find("cf.record", "name", record["name"]):
        if other["id"] == record["id"]:
            continue
        if (other["type"], other["content"]) == (record["type"], record["content"]):
            raise refusal(400, 81058, "An identical record already exists.")
        clash = (
            "CNAME" in {other["type"], record["type"]} and {other["type"], record["type"]} <= _ADDRESS_TYPES
        )
        if clash:
            raise refusal(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")


def _note(world: World, call: Call, effect: str, record: Json, zone: Json) -> None:
    world.effect(call, effect, key=f"{record['type']} {record['name']}", subject=zone["name"])


def create(world: World, call: Call) -> Answer:
    """Create one record."""
    zone = load(world, call.params["zone_id"])
    return found(public(add(world, call, zone, call.fields())))


def get(world: World, call: Call) -> Answer:
    """Return one record."""
    zone = load(world, call.params["zone_id"])
    return found(public(find(world, zone, call.params["record_id"])))


def list_(world: World, call: Call) -> Answer:
    """Return a page of the zone's records, narrowed by type, name and content."""
    zone = load(world, call.params["zone_id"])
    items = world.store.find("cf.record", "_zone_id", zone["id"])
    return paged(call, [record for record in items if _passes(call, record)], _DEFAULT_PER_PAGE, public)


def _passes(call: Call, record: Json) -> bool:
    kind, name = call.first("type"), call.first("name") or call.first("name.exact")
    exact, part = call.first("content.exact") or call.first("content"), call.first("content.contains")
    comment = call.first("comment") or call.first("comment.exact")
    value = txt_value(record["content"]).lower()
    checks = (
        kind is None or record["type"] == kind,
        name is None or record["name"] == host(name),
        exact is None or value == txt_value(exact).lower(),
        part is None or part.lower() in value,
        comment is None or (record["comment"] or "").lower() == comment.lower(),
        _contains(call.first("comment.contains"), record["comment"]),
        _contains(call.first("name.contains"), record["name"]),
    )
    return all(checks)


def _contains(part: str | None, text: str | None) -> bool:
    return part is None or part.lower() in (text or "").lower()


def put(world: World, call: Call) -> Answer:
    """Overwrite or edit one record."""
    zone = load(world, call.params["zone_id"])
    record = find(world, zone, call.params["record_id"])
    return found(public(change(world, call, zone, record, call.fields())))


def delete(world: World, call: Call) -> Answer:
    """Delete one record."""
    zone = load(world, call.params["zone_id"])
    record = find(world, zone, call.params["record_id"])
    remove(world, call, zone, record)
    return found({"id": record["id"]})


ROUTES: tuple[ProviderRoute, ...] = (
    Route("GET", "/zones/{zone_id}/dns_records", "records.list", list_),
    Route("POST", "/zones/{zone_id}/dns_records", "records.create", create),
    Route("GET", "/zones/{zone_id}/dns_records/{record_id}", "records.get", get),
    Route("PUT", "/zones/{zone_id}/dns_records/{record_id}", "records.put", put),
    Route("PATCH", "/zones/{zone_id}/dns_records/{record_id}", "records.patch", put),
    Route("DELETE", "/zones/{zone_id}/dns_records/{record_id}", "records.delete", delete),
)
