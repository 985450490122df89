"""Instantly custom tags: one label per workspace, set on accounts by an assignment that may be repeated."""

from __future__ import annotations

from services.simulator.instantly.errors import not_found, refusal
from services.simulator.instantly.fields import body_of, page
from services.simulator.instantly.workspace import WORKSPACE_ID
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, json_answer
from services.simulator.world import World, local_part_begins, public

_ACCOUNTS = 1


def create(world: World, call: Call) -> Answer:
    """Create a tag; its trimmed label is unique."""
    body = body_of(call, {"label": "string"}, {"description": "any"})
    label = _free_label(world, body["label"])
    now, tag_id = world.stamp(), world.uuid()
    tag: Json = {
        "id": tag_id,
        "timestamp_created": now,
        "timestamp_updated": now,
        "organization_id": WORKSPACE_ID,
        "label": label,
        "description": body.get("description"),
    }
    world.store.put("in.tag", tag_id, tag)
    world.effect(call, "tag.created", key=label, subject=label)
    return json_answer(200, public(tag))


def _free_label(world: World, sent: str, own_id: str | None = None) -> str:
    label = sent.strip()
    if not label:
        raise refusal(400, 'body/label must match pattern ".*\\S.*"')
    if any(tag["id"] != own_id for tag in world.store.find("in.tag", "label", label)):
        raise refusal(409, "A tag with this name already exists.")
    return label


def list_(world: World, call: Call) -> Answer:
    """Return a page of tags; `search` is a substring, `resource_ids` keeps those on these accounts."""
    items = [public(tag) for tag in world.store.all("in.tag")]
    search, resources, ids = call.first("search"), call.first("resource_ids"), call.first("tag_ids")
    if search:
        items = [tag for tag in items if search.strip().lower() in tag["label"].lower()]
    if ids:
        items = [tag for tag in items if tag["id"] in ids.split(",")]
    if resources:
        worn = {one["tag_id"] for email in resources.split(",") for one in _mappings_of(world, email)}
        items = [tag for tag in items if tag["id"] in worn]
    return json_answer(200, page(call, items, "id"))


def _mappings_of(world: World, email: str) -> list[Json]:
    return world.store.find("in.mapping", "resource_id", email.lower())


def _load(world: World, tag_id: str) -> Json:
    tag = world.store.get("in.tag", tag_id)
    if tag is None:
        raise not_found()
    return tag


def get(world: World, call: Call) -> Answer:
    """Return one tag."""
    return json_answer(200, public(_load(world, call.params["id"])))


def patch(world: World, call: Call) -> Answer:
    """Rename or describe a tag."""
    tag, body = _load(world, call.params["id"]), body_of(call, {}, {"label": "string", "description": "any"})
    label = _free_label(world, str(body.get("label", tag["label"])), tag["id"])
    changed = {**tag, **body, "label": label, "timestamp_updated": world.stamp()}
    world.store.put("in.tag", tag["id"], changed)
    world.effect(call, "tag.updated", key=label, subject=label)
    return json_answer(200, public(changed))


def delete(world: World, call: Call) -> Answer:
    """Delete a tag; it comes off every account."""
    tag = _load(world, call.params["id"])
    for mapping in world.store.find("in.mapping", "tag_id", tag["id"]):
        world.store.delete("in.mapping", mapping["id"])
        world.effect(call, "tag.unassigned", key=tag["label"], subject=mapping["resource_id"])
    world.store.delete("in.tag", tag["id"])
    world.effect(call, "tag.deleted", key=tag["label"], subject=tag["label"])
    return json_answer(200, public(tag))


def assign(world: World, call: Call) -> Answer:
    """Put tags on accounts or take them off: `assign` says which, so that a repeat changes nothing."""
    shape = {"tag_ids": "strings", "resource_type": "number", "resource_ids": "strings", "assign": "boolean"}
    body = body_of(call, shape)
    if not body["tag_ids"] or not body["resource_ids"]:
        raise refusal(400, "body/tag_ids must NOT have fewer than 1 items")
    if body["resource_type"] != _ACCOUNTS:
        raise not_found()
    tags = [_load(world, tag_id) for tag_id in body["tag_ids"]]
    emails = [email.lower() for email in body["resource_ids"]]
    for email in emails:
        if world.store.get("in.account", email) is None:
            raise not_found()
        if body["assign"] and local_part_begins(email, "fail-tag"):
            raise refusal(400, f"Tags cannot be assigned to {email}")
    for tag in tags:
        for email in emails:
            _set(world, call, tag, email, wanted=body["assign"])
    return json_answer(200, {"success": True})


def _set(world: World, call: Call, tag: Json, email: str, *, wanted: bool) -> None:
    worn = [mapping for mapping in _mappings_of(world, email) if mapping["tag_id"] == tag["id"]]
    if wanted and not worn:
        mapping_id = world.uuid()
        mapping: Json = {
            "id": mapping_id,
            "tag_id": tag["id"],
            "resource_id": email,
            "resource_type": _ACCOUNTS,
            "organization_id": WORKSPACE_ID,
            "timestamp_created": world.stamp(),
            "_label": tag["label"],
        }
        world.store.put("in.mapping", mapping_id, mapping)
        world.effect(call, "tag.assigned", key=tag["label"], subject=email)
    elif worn and not wanted:
        world.store.delete("in.mapping", worn[0]["id"])
        world.effect(call, "tag.unassigned", key=tag["label"], subject=email)


def mappings(world: World, call: Call) -> Answer:
    """Return a page of assignments, of some accounts or of all."""
    resources = call.first("resource_ids")
    items = world.store.all("in.mapping")
    if resources:
        items = [mapping for email in resources.split(",") for mapping in _mappings_of(world, email)]
    return json_answer(200, page(call, [public(mapping) for mapping in items], "id"))


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/custom-tags", "tags.create", create),
    Route("GET", "/custom-tags", "tags.list", list_),
    Route("POST", "/custom-tags/toggle-resource", "tags.assign", assign),
    Route("GET", "/custom-tags/{id}", "tags.get", get),
    Route("PATCH", "/custom-tags/{id}", "tags.patch", patch),
    Route("DELETE", "/custom-tags/{id}", "tags.delete", delete),
    Route("GET", "/custom-tag-mappings", "tags.mappings", mappings),
)
