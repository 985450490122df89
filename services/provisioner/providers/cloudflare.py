"""Cloudflare's zones and their records, in our words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.provisioner.domain.dns_sync import (
    Plan,
    ZonePolicy,
    ZoneRecord,
    host,
    txt_content,
    zone_candidates,
)
from services.provisioner.ports_domains import ZoneRefused
from shared.contracts.domains import DnsRecord
from shared.errors import Retryable
from shared.http.answers import items_of, told
from shared.http.errors import ProviderRefused
from shared.http.provider import Provider
from shared.observability.logging import get_logger

log = get_logger(__name__)

PAGE = 100
_CHANGED_MEANWHILE = frozenset({81058, 81044})
"""What says that a record is there already, or that one is gone."""
_MARK = "managed-by:mailwright domain:"
"""Begins the comment of every record the system made; the id of the claim it was made for follows."""
_AUTOMATIC_TTL = 1


class CloudflareZones:
    """The zones that the token may manage, as far as the policy lets a tenant's domains into them."""

    def __init__(self, cloudflare: Provider, policy: ZonePolicy) -> None:
        self._cloudflare = cloudflare
        self._policy = policy

    async def zone_of(self, domain: str, tenant_id: UUID) -> str | None:
        """Return the closest active full zone that holds the domain and is open to the tenant."""
        for name in zone_candidates(domain):
            if not self._policy.allows(name, tenant_id):
                continue
            try:
                found = await self._cloudflare.call(
                    "zones.list", "GET", "/zones", params={"name": name, "status": "active"}
                )
            except ProviderRefused as error:  # a token that may not list zones manages none
                log.warning("zones_refused", status=error.status)
                return None
            for zone in items_of(found, "result"):
                if zone.get("status") == "active" and zone.get("type") == "full":
                    return str(told(zone, "id"))
        return None

    async def records(self, zone_id: str, domain: str) -> list[ZoneRecord]:
        """Return the zone's records at the domain and below it."""
        records: list[ZoneRecord] = []
        page = 1
        while True:
            params = {"name.contains": domain, "page": str(page), "per_page": str(PAGE)}
            try:
                found = await self._cloudflare.call(
                    "records.list", "GET", f"/zones/{zone_id}/dns_records", params=params
                )
            except ProviderRefused:
                raise ZoneRefused("The zone's records may not be read.") from None
            items = items_of(found, "result")
            records += [_read(item) for item in items if _is_within(str(told(item, "name")), domain)]
            if len(items) < PAGE:
                return records
            page += 1

    async def apply(self, zone_id: str, plan: Plan, claim_id: UUID | None = None) -> None:
        """Make the changes as one batch; a record that somebody added or took meanwhile makes it worth trying again."""
        comment = f"{_MARK}{claim_id}"
        parts: dict[str, list[dict[str, Any]]] = {
            "deletes": [{"id": each} for each in plan.deletes],
            "patches": [{"id": patch.id, "content": _content(patch.record)} for patch in plan.patches],
            "puts": [{"id": put.id, **_write(put.record, comment)} for put in plan.puts],
            "posts": [_write(record, comment) for record in plan.posts],
        }
        batch = {kind: part for kind, part in parts.items() if part}
        try:
            await self._cloudflare.call(
                "records.batch", "POST", f"/zones/{zone_id}/dns_records/batch", json=batch
            )
        except ProviderRefused as error:
            if _codes(error) & _CHANGED_MEANWHILE:
                raise Retryable("The zone changed meanwhile.", code="zone_changed", retry_after=0.1) from None
            raise ZoneRefused("The zone does not take the records.") from None


def _codes(error: ProviderRefused) -> set[object]:
    errors = error.body.get("errors")
    return (
        {each.get("code") for each in errors if isinstance(each, dict)} if isinstance(errors, list) else set()
    )


def _is_within(name: str, domain: str) -> bool:
    return host(name) == host(domain) or host(name).endswith(f".{host(domain)}")


def _read(item: dict[str, Any]) -> ZoneRecord:
    return ZoneRecord(
        id=str(told(item, "id")),
        type=str(told(item, "type")),
        name=str(told(item, "name")),
        content=str(item.get("content") or ""),
        claim_id=_claim_id(item.get("comment")),
    )


def _claim_id(comment: object) -> UUID | None:
    """Return the claim a record was made for, as its comment tells; people may write comments too."""
    if not isinstance(comment, str) or not comment.startswith(_MARK):
        return None
    try:
        return UUID(comment.removeprefix(_MARK).strip())
    except ValueError:
        return None


def _write(record: DnsRecord, comment: str) -> dict[str, Any]:
    written: dict[str, Any] = {
        "type": record.type,
        "name": host(record.name),
        "content": _content(record),
        "ttl": _AUTOMATIC_TTL,
        "proxied": False,
        "comment": comment,
    }
    if record.priority is not None:
        written["priority"] = record.priority
    return written


def _content(record: DnsRecord) -> str:
    return txt_content(record.value) if record.type == "TXT" else host(record.value)
