"""Claims, and the open requests about them, as rows: the one place that maps between the two."""

from __future__ import annotations

from typing import Any

import asyncpg

from services.provisioner.domain.domains import Claim, Publication, ownership_name
from services.provisioner.domain_work import OpenRequest
from shared.contracts.accounts import Failure
from shared.contracts.domains import DnsRecord, DomainState, DomainStatus
from shared.contracts.requests import Dialect

IDENTITY = ("id", "tenant_id", "workspace_id", "user_id", "dialect", "domain", "is_platform", "created_at")
"""Columns of a claim that never change."""
CHANGING = (
    "ownership_value", "status", "version", "publication", "provider_domain_id", "dns_records", "is_dns_synced",
    "verified_at", "verifying_since", "checks", "is_overridden", "next_check_at", "failure_code", "failure_message", "request_id",
    "last_event_id", "last_event_time", "traceparent", "updated_at", "recheck_at", "bad_looks", "lost",
)  # fmt: skip
COLUMNS = (*IDENTITY, *CHANGING)

SELECT = f"select {', '.join(COLUMNS)} from domain_claim"  # noqa: S608  only our own column names
LIVING = "status not in ('deleting', 'deleted')"
"""Holds for the claims that are not being given up: a workspace has one of them to a name in each dialect."""
INSERT = f"""
    insert into domain_claim ({", ".join(COLUMNS)}) values ({", ".join(f"${n}" for n in range(1, len(COLUMNS) + 1))})
    on conflict do nothing returning id
"""  # noqa: S608  only our own column names
UPDATE = f"""
    update domain_claim set {", ".join(f"{column} = ${n}" for n, column in enumerate(CHANGING, 3))}
    where id = $1 and version = $2 returning id
"""  # noqa: S608  only our own column names

MATCH = "insert into domain_match (id, claim_id) values ($1, $2) on conflict do nothing"
MATCHED = "coalesce((select claim_id from domain_match where id = $1), $1)"
"""A claim's id, given that or the id of a request which the claim was the answer to."""

OPEN_REQUESTS = """
    select r.request_id, r.event_id, r.event_time, r.claim_id, r.is_check, r.traceparent, r.change_to,
        r.is_deletion, r.is_cascade
    from domain_request r join domain_claim c on c.id = r.claim_id
    where c.domain = $1 order by r.event_time
"""


def identity_values(claim: Claim) -> list[Any]:
    """Return the values of the `IDENTITY` columns."""
    state = claim.state
    return [
        claim.id, state.tenant_id, state.workspace_id, state.user_id, state.dialect.value, state.domain,
        claim.is_platform, state.created_at,
    ]  # fmt: skip


def changing_values(claim: Claim) -> list[Any]:
    """Return the values of the `CHANGING` columns."""
    state, failure = claim.state, claim.state.failure
    return [
        claim.ownership.value, state.status.value, claim.version, claim.publication.value, state.provider_domain_id,
        [record.model_dump(mode="json") for record in state.dns_records], state.is_dns_synced, state.verified_at,
        claim.verifying_since, claim.checks, claim.is_overridden, state.next_check_at, failure.code if failure else None,
        failure.message if failure else None, claim.request_id, claim.last_event_id, claim.last_event_time,
        claim.traceparent, state.updated_at, claim.recheck_at, claim.bad_looks, list(claim.lost),
    ]  # fmt: skip


def claim_of(row: asyncpg.Record) -> Claim:
    """Return the claim that a row of `SELECT` holds."""
    failure = row["failure_code"]
    state = DomainState(
        domain_id=row["id"],
        tenant_id=row["tenant_id"],
        workspace_id=row["workspace_id"],
        user_id=row["user_id"],
        dialect=Dialect(row["dialect"]),
        domain=row["domain"],
        status=DomainStatus(row["status"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        provider_domain_id=row["provider_domain_id"],
        dns_records=tuple(DnsRecord.model_validate(record) for record in row["dns_records"]),
        is_dns_synced=row["is_dns_synced"],
        verified_at=row["verified_at"],
        next_check_at=row["next_check_at"],
        failure=Failure(code=failure, message=row["failure_message"]) if failure else None,
    )
    return Claim(
        state=state,
        ownership=DnsRecord(type="TXT", name=ownership_name(row["domain"]), value=row["ownership_value"]),
        is_platform=row["is_platform"],
        version=row["version"],
        publication=Publication(row["publication"]),
        verifying_since=row["verifying_since"],
        checks=row["checks"],
        is_overridden=row["is_overridden"],
        recheck_at=row["recheck_at"],
        bad_looks=row["bad_looks"],
        lost=tuple(row["lost"]),
        request_id=row["request_id"],
        last_event_id=row["last_event_id"],
        last_event_time=row["last_event_time"],
        traceparent=row["traceparent"],
    )


def open_request_of(row: asyncpg.Record) -> OpenRequest:
    """Return the open request that a row of `OPEN_REQUESTS` holds."""
    change_to = row["change_to"]
    return OpenRequest(**{**dict(row), "change_to": DomainStatus(change_to) if change_to else None})
