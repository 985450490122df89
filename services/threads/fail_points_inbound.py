"""The moments at which a test may kill or raise while mail arrives: worked off, looked for, and registered for."""

from __future__ import annotations

from shared.observability import failpoints

ARRIVAL, POLL, WEBHOOK = "threads.arrival", "threads.poll", "threads.webhook"

FAIL_POINTS: dict[str, str] = {
    f"{ARRIVAL}.after_claim": "arrivals are leased, none of them is worked off",
    f"{ARRIVAL}.before_commit": "a mail has joined its thread, its transaction not yet committed",
    f"{ARRIVAL}.after_commit": "a mail has joined its thread, nobody has been told",
    f"{POLL}.after_call": "the provider has listed an inbox's mail, nothing is kept of it",
    f"{POLL}.before_commit": "mail that was found is written with the cursor, not yet committed",
    f"{WEBHOOK}.after_call": "the provider knows the webhook, its secret is not kept",
}

failpoints.register(FAIL_POINTS)
