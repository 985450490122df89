"""The public DNS of the simulated world: what Cloudflare zones hold, and records published by hand."""

from __future__ import annotations

import json
import re

from services.simulator.wire import Answer, Call, Json
from services.simulator.world import World

_SEGMENT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CODES = {"MX": 15, "TXT": 16, "CNAME": 5, "A": 1, "AAAA": 28}
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
    return [record for record in world.store.find("cf.record", "name", host(name)) if record["type"] == kind]


def query(world: World, call: Call) -> Answer:
    """Answer DNS over HTTPS in its JSON form (`?name=&type=`), as public resolvers do."""
    name, kind = host(call.first("name") or ""), (call.first("type") or "A").upper()
    found = lookup(world, kind, name)
    answers = [
        {"name": name, "type": _CODES.get(kind, 0), "TTL": 60, "data": _data(record)} for record in found
    ]
    known = bool(world.store.find("cf.record", "name", name))
    body: Json = {
        "Status": 0 if known else 3,
        "TC": False,
        "RD": True,
        "RA": True,
        "AD": False,
        "CD": False,
        "Question": [{"name": name, "type": _CODES.get(kind, 0)}],
    }
    if answers:
        body["Answer"] = answers
    return Answer(200, json.dumps(body).encode(), (("content-type", "application/dns-json"),))


def _data(record: Json) -> str:
    if record["type"] == "MX":
        return f"{record.get('priority', 0)} {record['content']}."
    return str(record["content"])
