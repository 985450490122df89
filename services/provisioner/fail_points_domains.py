"""The moments of the work on domains at which a test may kill or raise."""

from __future__ import annotations

from shared.observability import failpoints

FAIL_POINTS: dict[str, str] = {
    "provisioner.domain_claim.before_commit": "a claim is kept, its transaction not yet committed",
    **{
        f"provisioner.domain_{step}.{point}": f"domain {step}: {moment}"
        for step in ("register", "publish", "verify")
        for point, moment in (
            ("after_intent", "its intent is committed, its call not yet made"),
            ("before_call", "the call is about to be made"),
            ("after_call", "the provider has answered, nothing of it is recorded"),
            ("after_outcome", "the outcome is committed, the work has not moved on"),
        )
    },
}

failpoints.register(FAIL_POINTS)
