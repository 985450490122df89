"""When a system is quiet: nothing asked is unanswered, nothing is due, every event is where it belongs."""

from __future__ import annotations

import asyncpg

from services.gateway.rebuild import rebuild
from tests.support.evidence import behind, positions, published, unhandled, unpublished

_UNFINISHED = {
    "open requests": "select count(*) from gateway.request where state = 'open'",
    "answers that wait for their facts": "select count(*) from gateway.pending_answer",
    "unfinished sagas": "select count(*) from provisioner.saga where finished_at is null",
    "late effects to look for": "select count(*) from provisioner.sweep",
    "strays to look for": "select count(*) from provisioner.stray",
    "commands to accounts under way": "select count(*) from provisioner.account_command",
    "warmups without a first outcome": "select count(*) from warmup.warmup where status = 'starting'",
    "warmup attempts under way": "select count(*) from warmup.warmup where intent_at is not null",
    "warmups that were accepted and not confirmed": """
        select count(*) from warmup.warmup where status = 'warming' and not is_confirmed
    """,
    "open requests about domains": "select count(*) from provisioner.domain_request",
    "claims being deleted": "select count(*) from provisioner.domain_claim where status = 'deleting'",
    "names being removed": """
        select count(*) from provisioner.provider_domain where removal_intent_at is not null
    """,
    "waiting deletions": "select count(*) from provisioner.waiting_deletion",
    "commands to warmups under way": "select count(*) from warmup.command",
    "waiting retries": "select count(*) from warmup.waiting_retry",
    "arrivals to be worked off": "select count(*) from threads.arrival where due_at is not null",
    "messages on their way": "select count(*) from threads.message where status = 'queued'",
}


async def unrest(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Return what still goes on, one sentence each; empty when the system is quiet."""
    left = []
    for what, query in _UNFINISHED.items():
        count = await connection.fetchval(query)
        if count:
            left.append(f"{count} {what}")
    left += await unpublished(connection)
    left += await unhandled(connection)
    left += behind(await published(connection), await positions(connection))
    return left


async def projection_drift(database_url: str) -> list[str]:
    """Fold all kept events anew beside the live rows and return where the two differ."""
    report = await rebuild(database_url, is_swapped=False)
    if report.is_identical:
        return []
    return [
        f"the rows {report.rows_before} are not the fold of their events ({report.rows_after}): "
        + ", ".join(map(str, report.differing))
    ]
