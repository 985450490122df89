"""The records of the simulated world's public DNS: what Cloudflare zones hold, and what was published by hand."""

from __future__ import annotations

import re

from services.simulator.wire import Json
from services.simulator.world import World

_SEGMENT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TXT_CHUNK = 255


def host(name: str) -> str:
    """Return a host name in its comparable form."""
    return name.lower().rstrip(".")


def txt_value(content: str) -> str:
    """Return what a TXT record says: its quoted segments joined, or the bare text."""
    if not content.startswith('"'):
        return content
    return "".join(segment.replace('\\"', '"').replace("\\\\", "\\") for segment in _SEGMENT.findall(content))


def txt_stored(content: str) -> str:
    """Return the stored form of a TXT record: quoted segments of at most 255 characters."""
    value = txt_value(content)
    chunks = [value[start : start + _TXT_CHUNK] for start in range(0, len(value), _TXT_CHUNK)] or [""]
    return " ".join('"{}"'.format(chunk.replace("\\", "\\\\").replace('"', '\\"')) for chunk in chunks)


def lookup(world: World, kind: str, name: str) -> list[Json]:
    """Return the records of a type at a name."""
    return [record for record in at(world, name) if record["type"] == kind]


def at(world: World, name: str) -> list[Json]:
    """Return all records at a name."""
    return world.store.find("cf.record", "name", host(name))


def exists(world: World, name: str) -> bool:
    """Say whether there is such a name: one with records, above one with records, or the apex of a zone."""
    name = host(name)
    if at(world, name) or any(zone["name"] == name for zone in world.store.all("cf.zone")):
        return True
    return any(below.endswith(f".{name}") for below in world.store.values("cf.record", "name"))
