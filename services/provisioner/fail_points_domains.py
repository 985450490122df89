"""The moments of the work on domains at which a test may kill or raise."""

from __future__ import annotations

from shared.observability import failpoints

FAIL_POINTS: dict[str, str] = {
    "provisioner.domain_claim.before_commit": "a claim is kept, its transaction not yet committed",
    "provisioner.domain_change.after_commit": "an override is committed, nothing else of the name was done",
    "provisioner.domain_delete.after_commit": "a claim is being deleted, none of its accounts is yet",
    "provisioner.domain_delete.before_removal": "a claim has no accounts any more, and is still there",
    "provisioner.domain_delete.after_outcome": "the end of a claim is committed, its name not given back",
    "provisioner.domain_unpublish.after_intent": "a name is about to be removed, nothing of it is",
    "provisioner.domain_unpublish.before_call": "the records of a name are about to be deleted",
    "provisioner.domain_unpublish.after_call": "the records of a name are deleted, nothing says so",
    "provisioner.domain_unregister.after_intent": "the records of a name are gone, its object at the provider is not",
    "provisioner.domain_unregister.before_call": "the object of a name is about to be deleted",
    "provisioner.domain_unregister.after_call": "the provider was told to delete, nothing is looked up or recorded",
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
