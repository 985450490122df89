"""Which shapes AgentMail accepts for the fields it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.simulator.agentmail.errors import invalid
from services.simulator.wire import Call, Json

CLIENT_ID = re.compile(r"[A-Za-z0-9\-._~]{1,256}")
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
USERNAME = re.compile(r"[a-z0-9._+-]{1,64}")

_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "map": (dict,),
    "list": (list,),
    "str or list": (str, list),
}


def checked(call: Call, shape: Mapping[str, str], *, required: tuple[str, ...] = ()) -> Json:
    """Return the body's known fields, nulls left out; raises the 400 when one has the wrong type or is missing."""
    if call.body is not None and not isinstance(call.body, dict):
        raise invalid([], "Expected object")
    body = call.fields()
    for name in required:
        if body.get(name) is None:
            raise invalid([name], "Required")
    present = {name: body[name] for name in shape if body.get(name) is not None}
    for name, value in present.items():
        wanted = shape[name]
        if not isinstance(value, _TYPES[wanted]):
            raise invalid([name], f"Expected {wanted}")
    if "client_id" in present and not CLIENT_ID.fullmatch(present["client_id"]):
        raise invalid(["client_id"], "Must be 1-256 characters of A-Z a-z 0-9 - . _ ~")
    return present


def checked_metadata(metadata: Json) -> Json:
    """Return the metadata if every key and value is within the provider's bounds."""
    if len(metadata) > 256:
        raise invalid(["metadata"], "At most 256 keys")
    for key, value in metadata.items():
        if len(key) > 256 or not isinstance(value, str | int | float | bool | None):
            raise invalid(["metadata", key], "Values are strings, numbers or booleans")
        if isinstance(value, str) and len(value) > 256:
            raise invalid(["metadata", key], "At most 256 characters")
    return metadata


def addresses(value: str | list[str] | None, field: str) -> list[str]:
    """Return one or many addresses as a list."""
    if value is None:
        return []
    many = [value] if isinstance(value, str) else value
    for index, address in enumerate(many):
        if not isinstance(address, str) or "@" not in address:
            raise invalid([field, index], "Expected an email address")
    return many
