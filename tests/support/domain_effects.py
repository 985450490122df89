"""What domains have at the providers, held against the claims to them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from tests.support.evidence import Evidence

PLATFORM = frozenset({"myagentmail.com", "myagent.mx"})
_MARK = "managed-by:mailwright domain:"


def unclaimed(evidence: Evidence) -> Iterator[str]:
    """Yield what a name still has at a provider though nobody claims it any more."""
    last = {subject: facts[-1] for (kind, subject), facts in evidence.facts().items() if kind == "domain"}
    claims: dict[UUID, tuple[str, str]] = {
        subject: (fact.data["domain"]["domain"], fact.data["domain"]["status"])
        for subject, fact in last.items()
    }
    living = {name for name, status in claims.values() if status != "deleted"} | PLATFORM
    for domain in evidence.objects["agentmail"].get("domains", ()):
        if domain["domain"] not in living:
            yield f"the provider has the domain {domain['domain']}, which nobody claims"
    for record in evidence.objects.get("cloudflare", {}).get("records", ()):
        comment = record.get("comment") or ""
        if not comment.startswith(_MARK):
            continue
        name, _ = claims.get(UUID(comment.removeprefix(_MARK)), ("", ""))
        if name not in living:
            yield f"the zone has our {record['type']} record at {record['name']}, which nobody claims"
