"""Which records show that a domain is its tenant's: the one that its claim shows, and those that prove it as well."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from uuid import UUID

from services.provisioner.domain.dns_judging import Answers, question_of
from services.provisioner.domain.domains import Claim, ownership_name
from shared.contracts.domains import DnsRecord

PURPOSE = b"ownership of domains"
"""What the keys of these records are derived from the master keys for."""


def ownership_record(key: bytes, tenant_id: UUID, domain: str) -> DnsRecord:
    """Return the TXT record by which a tenant shows that the domain is its own.

    Without it, records that somebody else published for the same provider would verify a stranger's claim.
    """
    said = f"mailwright domain ownership\0{tenant_id}\0{domain}".encode()
    value = hmac.digest(key, said, "sha256").hex()
    return DnsRecord(type="TXT", name=ownership_name(domain), value=f"mailwright-verification={value}")


def values_of(keys: Sequence[bytes], claim: Claim) -> frozenset[str]:
    """Return what the record says that each of these keys makes for a claim's tenant and name."""
    state = claim.state
    return frozenset(ownership_record(key, state.tenant_id, state.domain).value for key in keys)


def standing_record(claim: Claim, answers: Answers) -> DnsRecord:
    """Return the ownership record that DNS shows, or the claim's own if it shows that one, or none that proves it."""
    seen = [value.strip() for value in answers.get(question_of(claim.ownership)) or ()]
    if claim.ownership.value in seen:
        return claim.ownership
    found = next((value for value in seen if value in claim.proofs), claim.ownership.value)
    return claim.ownership.model_copy(update={"value": found})
