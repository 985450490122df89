"""Which DNS records an AgentMail domain needs, and how public DNS measures up to them."""

from __future__ import annotations

import base64
import hashlib

from services.simulator import dns
from services.simulator.wire import Json
from services.simulator.world import World

_INBOUND = "inbound-smtp.us-east-1.amazonaws.com"
_FEEDBACK = "feedback-smtp.us-east-1.amazonses.com"


def required(domain: Json) -> list[Json]:
    """Return the records a domain needs under its present flags, without their state."""
    name = domain["domain_id"]
    wanted: list[Json] = [
        {"type": "MX", "name": f"mail.{name}", "value": _FEEDBACK, "priority": 10},
        {"type": "TXT", "name": f"mail.{name}", "value": "v=spf1 include:amazonses.com -all"},
        {
            "type": "TXT",
            "name": f"agentmail._domainkey.{name}",
            "value": f"v=DKIM1; k=rsa; p={_public_key(name)}",
        },
        {"type": "TXT", "name": f"_dmarc.{name}", "value": f"v=DMARC1; p=reject; rua=mailto:dmarc@{name}"},
    ]
    if domain["inbound_enabled"]:
        wanted.insert(0, {"type": "MX", "name": name, "value": _INBOUND, "priority": 10})
    if domain["subdomains_enabled"]:
        wanted.append({"type": "MX", "name": f"*.{name}", "value": _INBOUND, "priority": 10})
    if domain["tracking_enabled"]:
        wanted.append({"type": "CNAME", "name": f"link.{name}", "value": "links.agentmail.to"})
    return wanted


def _public_key(name: str) -> str:
    """Return 392 characters shaped like a 2048-bit key: longer than one TXT string, the same at every start."""
    digests = b"".join(hashlib.sha512(f"{name}:{part}".encode()).digest() for part in range(5))
    return base64.b64encode(digests[:294]).decode()


def checked(world: World, domain: Json) -> list[Json]:
    """Return the required records with what public DNS says of each."""
    if domain["domain_id"].startswith("nodns"):
        return [{**record, "status": "MISSING"} for record in required(domain)]
    if domain["status"] == "VERIFIED":
        return [{**record, "status": "VALID"} for record in required(domain)]
    return [{**record, **_state(world, record)} for record in required(domain)]


def _state(world: World, wanted: Json) -> Json:
    published = dns.lookup(world, wanted["type"], wanted["name"])
    if wanted["type"] == "TXT":
        tag = wanted["value"].split(";")[0].split(" ")[0]
        values = [dns.txt_value(record["content"]) for record in published]
        values = [value for value in values if value.startswith(tag)]
        right = [value for value in values if value == wanted["value"] or tag == "v=DMARC1"]
    else:
        values = [dns.host(record["content"]) for record in published]
        right = [value for value in values if value == wanted["value"]]
    if not values:
        return {"status": "MISSING"}
    if not right:
        return {"status": "INVALID", "reason": "value_mismatch"}
    if len(values) > 1:
        return {"status": "INVALID", "reason": "duplicate_records"}
    return {"status": "VALID"}


def verdict(records: list[Json]) -> tuple[str, str | None]:
    """Return the domain's status and reason that its records' states amount to."""
    states = {record["status"] for record in records}
    if "MISSING" in states:
        return "PENDING", "dns_records_missing"
    if "INVALID" in states:
        return "INVALID", "dns_records_invalid"
    return "VERIFYING", "ses_dkim_pending"


def zone_file(domain: Json) -> str:
    """Return the required records in BIND form."""
    lines = [f"$ORIGIN {domain['domain_id']}."]
    for record in required(domain):
        if record["type"] == "TXT":
            value = dns.txt_stored(record["value"])
        elif record["type"] == "MX":
            value = f"{record['priority']} {record['value']}."
        else:
            value = f"{record['value']}."
        lines.append(f"{record['name']}. 3600 IN {record['type']} {value}")
    return "\n".join(lines) + "\n"
