"""The moments of the provisioner's work at which a test may kill or raise."""

from __future__ import annotations

from shared.contracts.accounts import Step
from shared.observability import failpoints

FAIL_POINTS: dict[str, str] = {
    "provisioner.reserve.before_commit": "an address is reserved, its transaction not yet committed",
    "provisioner.delete.before_commit": "an account is turned towards its end, its transaction not yet committed",
    "provisioner.claim.after_commit": "sagas are leased, none of them has moved",
    **{
        f"provisioner.{step}.{point}": f"step {step}: {moment}"
        for step in Step
        for point, moment in (
            ("after_intent", "its intent is committed, its call not yet made"),
            ("before_call", "the call is about to be made"),
            ("after_call", "the provider has answered, nobody has looked at the answer"),
            ("before_outcome", "the outcome is about to be committed"),
            ("after_outcome", "the outcome is committed, the saga has not moved on"),
        )
    },
    **{
        f"provisioner.undo_{step}.{point}": f"undoing step {step}: {moment}"
        for step in Step
        for point, moment in (
            ("before_call", "the call is about to be made"),
            ("after_call", "the effect is confirmed gone, nothing is recorded"),
            ("after_outcome", "it is recorded that the effect is gone"),
        )
    },
    "provisioner.turn.before_outcome": "a refusal is known, the turn to undoing not yet committed",
    "provisioner.turn.after_outcome": "the failure and the caller's answer are committed, nothing is undone yet",
    "provisioner.command.before_call": "the intent of a command is committed, its call is about to be made",
    "provisioner.command.after_call": "the outcome of a command's call is known, nothing is recorded",
    "provisioner.command.before_commit": "a command's change and answer are written, not yet committed",
    "provisioner.command.after_commit": "a command's change and answer are committed",
    "provisioner.sweep.after_call": "an effect that landed late is undone, the sweep not yet moved on",
    "provisioner.stray.after_call": "what a command left behind is removed, the look for it not yet moved on",
    "provisioner.outcomes.before_commit": "a group of outcomes is written, its transaction not yet committed",
    "provisioner.outcomes.after_commit": "a group of outcomes is committed, no saga knows it yet",
}

failpoints.register(FAIL_POINTS)
