"""I1 to I9 and I11: what must be true of a quiet system, whatever was killed, cut or refused before it became quiet.

Each invariant is a pure function of the evidence that yields one sentence per violation. I1 to I5 are judged from what
the callers were told and from the providers' ledger, I6 to I9 from the event logs, the projection and
the consumers' positions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

import asyncpg

from tests.support.callers import SCRIPTED_FAILURES, Answer
from tests.support.domain_effects import unclaimed
from tests.support.effects import Effects
from tests.support.eventually import eventually
from tests.support.evidence import Evidence, behind, collect
from tests.support.invariants_mail import mail_is_accounted_for
from tests.support.legal import MESSAGE_LIVES, may_follow
from tests.support.lives import lives
from tests.support.quiet import projection_drift, unrest
from tests.support.stack import RunningStack

STABLE = frozenset({"pending", "warming", "active", "paused", "error", "failed"})
LIVING = STABLE - {"failed"}
ENDS = frozenset({"account.provisioned", "account.changed", "account.undone", "account.deleted"})
MADE = frozenset({"create", "abandon", "mailbox", "inbox", "alias"})
"""Answers to calls that make an account, or give it an address."""
BEGINNINGS = frozenset({"account.reserved", "thread.drafted", "thread.message_queued"})
"""What is recorded at once by whoever handles the request for it."""
_SHOWN_PER_INVARIANT = 12


async def check_invariants(
    stack: RunningStack, answers: Sequence[Answer], *, quiet_within: float = 60.0
) -> Evidence:
    """Wait until the system is quiet, then hold it to every invariant; returns what was judged.

    Raises:
        AssertionError: It does not become quiet, or an invariant is violated; the message lists every violation.
    """

    async def seen_quiet() -> Evidence:
        connection = await asyncpg.connect(stack.database_url)
        try:
            # One snapshot for all reads: a retry or a day that becomes due meanwhile is not seen half done.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                left = await unrest(connection)
                assert not left, "not quiet: " + "; ".join(left)
                drift = await projection_drift(stack.database_url)
                return await collect(connection, stack.simulator_url, answers, drift)
        finally:
            await connection.close()

    evidence = await eventually(seen_quiet, within=quiet_within, every=0.25)
    found = violations(evidence)
    assert not found, "\n".join([f"{sum(map(len, found.values()))} violations:", *_report(found, evidence)])
    return evidence


def violations(evidence: Evidence) -> dict[str, list[str]]:
    """Return the sentences of every violated invariant by its id."""
    judged = {name: sorted(set(judge(evidence))) for name, judge in INVARIANTS.items()}
    return {name: found for name, found in judged.items() if found}


def _report(found: dict[str, list[str]], evidence: Evidence) -> Iterator[str]:
    for name, sentences in found.items():
        for sentence in sentences[:_SHOWN_PER_INVARIANT]:
            yield f"{name}: {sentence}"
        if len(sentences) > _SHOWN_PER_INVARIANT:
            yield f"{name}: … and {len(sentences) - _SHOWN_PER_INVARIANT} more"
    yield from lives(evidence, [sentence for sentences in found.values() for sentence in sentences])


def one_answer_each(evidence: Evidence) -> Iterator[str]:
    """I1: every accepted request has its one account, settled, and its one answer; nothing else has any."""
    decided: dict[UUID, set[str]] = {}
    for event in evidence.log:
        if event.kind.endswith("request_answered"):
            decided.setdefault(UUID(event.data["request_id"]), set()).add(repr(sorted(event.data.items())))
    asked = {request.id: request for request in evidence.requests}
    for request in evidence.requests:
        if request.is_open or request.status is None:
            yield f"the request {request.id} ({request.kind}) is still open"
        # What the gateway decides by itself is answered in the call, and told to nobody.
        if request.kind != "local" and len(decided.get(request.id, ())) != 1:
            yield f"the request {request.id} ({request.kind}) has {len(decided.get(request.id, ()))} answers"
    for stranger in decided.keys() - asked.keys():
        yield f"an answer to {stranger}, which nobody asked"
    creations = Counter(request.subject for request in evidence.requests if request.kind == "account.create")
    for account_id in evidence.accounts:
        if creations[account_id] != 1:
            yield f"the account {account_id} comes from {creations[account_id]} requests"
    refused = {each.subject for each in evidence.requests if each.status is not None and each.status >= 400}
    for answer in evidence.answers:
        yield from _promise_broken(evidence, answer, refused)


def _promise_broken(evidence: Evidence, answer: Answer, refused: set[UUID]) -> Iterator[str]:
    if answer.kind == "delete" and answer.is_accepted and answer.subject in evidence.accounts:
        yield f"{answer.address} was deleted as {answer.subject} and is still there"
    if answer.kind != "create":
        return
    if answer.status is not None and answer.status >= 500:
        yield f"the request for {answer.address} was answered {answer.status}"
    if not answer.is_accepted:
        return
    if answer.shown is None:
        yield f"{answer.address} never settled before its caller's eyes"
    account = evidence.accounts.get(answer.subject) if answer.subject else None
    if account is None and answer.subject not in refused | set(evidence.gone):
        yield f"{answer.address} was accepted as {answer.subject} and has no account"
    if account is not None and account.status not in STABLE:
        yield f"{answer.address} is {account.status}"
    if account is not None and account.address != answer.address:
        yield f"{answer.address} became {account.address}"


def no_duplicates(evidence: Evidence) -> Iterator[str]:
    """I2: one live inbox per address, one inbox, sender and running warmup per account, at the very address asked for."""
    live: Counter[str] = Counter()
    made: Counter[tuple[str, str]] = Counter()
    asked_for = {answer.address for answer in evidence.answers if answer.kind in MADE}
    for entry in evidence.ledger:
        subject, effect = entry["subject"], entry["effect"]
        if effect == "inbox.created":
            live[subject] += 1
            made["inbox", entry["key"]] += 1
            if live[subject] > 1:
                yield f"{live[subject]} live inboxes at {subject}"
            if asked_for and subject not in asked_for:
                yield f"an inbox at {subject}, which nobody asked for"
        elif effect == "inbox.deleted":
            live[subject] -= 1
        elif effect in {"sender.created", "warmup.enabled"}:
            made[effect.partition(".")[0], subject] += 1
        elif effect == "warmup.disabled":
            made["warmup", subject] -= 1
    for (kind, key), times in made.items():
        if times > 1:
            yield f"{times} times a {kind} began for {key}"
    yield from _won_twice(evidence)


def _won_twice(evidence: Evidence) -> Iterator[str]:
    """Of retries that race for one account, one is told that it started the warmup and the others that it runs."""
    started = Counter(
        answer.address for answer in evidence.answers if answer.kind == "retry" and answer.status == 200
    )
    for address, times in started.items():
        if times > 1:
            yield f"{times} retries were told that they started the warmup of {address}"


def one_to_one(evidence: Evidence) -> Iterator[str]:
    """I3: every live provider object belongs to a living account or claim, and every living account has all of its own.

    What the warmup provider shows of it is what its owner last told.
    """
    living = {shown.id: shown.address for shown in evidence.accounts.values() if shown.status in LIVING}
    yield from Effects(evidence).strangers(living)
    yield from _signed_otherwise(evidence, living)
    yield from unclaimed(evidence)


def _signed_otherwise(evidence: Evidence, living: Mapping[UUID, str | None]) -> Iterator[str]:
    signed = {
        each["email"]: each.get("signature") or "" for each in evidence.objects["instantly"]["accounts"]
    }
    for (aggregate, subject), facts in evidence.facts().items():
        if aggregate == "account" and subject in living:
            told = (facts[-1].data.get("account", {}).get("signature") or "").replace("\n", "<br>")
            shown = signed.get(living[subject] or "", "")
            if shown.strip() != told:
                yield f"{living[subject]} is signed {shown!r} at the provider, and we say {told!r}"


def nets_to_zero(evidence: Evidence) -> Iterator[str]:
    """I4: what failed or was deleted is undone completely and in reverse order; nothing of a living account ever is.

    The address of a deleted account stays blocked if it had an inbox.
    """
    effects = Effects(evidence)
    for shown in evidence.gone.values():
        if effects.had_inbox(shown.id) and shown.address not in evidence.burned:
            yield f"{shown.address} had an inbox, is deleted, and is not burned"
    for shown in [*evidence.accounts.values(), *evidence.gone.values()]:
        if shown.status == "failed" or shown.id in evidence.gone:
            yield from effects.left_of(shown.id)
            yield from effects.undone_out_of_order(shown.id)
        else:
            yield from effects.undone_of_living(shown.id)


def only_refusals_burn(evidence: Evidence) -> Iterator[str]:
    """I5: no trouble that passes ends an account or deletes an inbox; only a provider's refusal, or its owner, does."""
    unwanted = {shown.address for shown in evidence.gone.values()}
    unwanted |= {answer.address for answer in evidence.answers if answer.kind == "alias"}
    for entry in evidence.ledger:
        may_go = entry["subject"].startswith(SCRIPTED_FAILURES) or entry["subject"] in unwanted
        if entry["effect"] == "inbox.deleted" and not may_go:
            yield f"the inbox at {entry['subject']} was deleted"
    for shown in evidence.accounts.values():
        if shown.status == "failed" and not (shown.address or "").startswith(SCRIPTED_FAILURES):
            yield f"{shown.address} failed"


def in_sequence(evidence: Evidence) -> Iterator[str]:
    """I6: each aggregate's versions are 1, 2, 3 …, every step is a legal one, and no event precedes its cause."""
    for (aggregate, subject), facts in evidence.facts().items():
        versions = [fact.sequence for fact in facts]
        if versions != list(range(1, len(facts) + 1)):
            yield f"the versions of {aggregate} {subject} are {versions}"
        if len({fact.source for fact in facts}) > 1:
            yield f"the {aggregate} {subject} has several owners"
        for before, fact in zip([None, *facts], facts, strict=False):
            if not may_follow(aggregate, before, fact):
                yield f"{aggregate} {subject}: {fact.kind} after {before.kind if before else 'nothing'}"
            if before is not None and fact.time <= before.time:
                yield f"{aggregate} {subject}: version {fact.sequence} is not later than the one before it"
        if aggregate == "account" and facts[-1].kind not in ENDS:
            yield f"account {subject} ended with {facts[-1].kind}"
    yield from _messages_lived_otherwise(evidence)
    yield from _before_their_causes(evidence)


def _messages_lived_otherwise(evidence: Evidence) -> Iterator[str]:
    lived: dict[str, str] = {}
    for (aggregate, _), facts in evidence.facts().items():
        for fact in facts if aggregate == "thread" else ():
            message = fact.data.get("message")
            if message is None:
                continue
            before = lived.get(message["message_id"])
            if message["status"] not in MESSAGE_LIVES[before]:
                yield f"the message {message['message_id']} was {before} and became {message['status']}"
            lived[message["message_id"]] = message["status"]


def _before_their_causes(evidence: Evidence) -> Iterator[str]:
    events = {event.id: event for event in evidence.log}
    for event in evidence.log:
        cause = events.get(event.causation_id) if event.causation_id else None
        if event.causation_id and cause is None:
            yield f"{event.kind} {event.id} has a cause that is in no log"
        if cause is not None and event.time <= cause.time:
            yield f"{event.kind} {event.id} is not later than its cause {cause.kind}"


def projection_is_the_fold(evidence: Evidence) -> Iterator[str]:
    """I7: every projected row is the fold of its events, and shows the last version its owner logged."""
    yield from evidence.drift
    for (aggregate, subject), facts in evidence.facts().items():
        shown = evidence.accounts.get(subject) or evidence.gone.get(subject)
        if aggregate == "domain":
            continue
        if aggregate not in {"account", "warmup"}:
            version = evidence.versions.get((aggregate, subject), 0)
            if version != facts[-1].sequence:
                yield f"the {aggregate} {subject} is shown at version {version}, its last is {facts[-1].sequence}"
            continue
        if shown is None:
            yield f"the {aggregate} {subject} is not projected"
            continue
        version = shown.account_version if aggregate == "account" else shown.warmup_version
        if version != facts[-1].sequence:
            yield f"the {aggregate} {subject} is shown at version {version}, its last is {facts[-1].sequence}"


def everything_published(evidence: Evidence) -> Iterator[str]:
    """I8: nothing waits to be published; what is logged was published and reached the gateway, and nothing else did."""
    yield from evidence.unpublished
    streams: dict[tuple[str, str, int], list[int]] = {}
    for event in evidence.log:
        streams.setdefault((event.source, event.topic, event.partition), []).append(event.position)
        if event.id not in evidence.received:
            yield f"the gateway never got {event.kind} {event.id} of {event.source}"
    for stranger in evidence.received - {event.id for event in evidence.log}:
        yield f"the gateway has the event {stranger}, which is in no log"
    for stream, places in streams.items():
        if sorted(places) != list(range(1, len(places) + 1)):
            yield f"the log {stream} has holes or repeats"
        if evidence.published.get(stream, 0) != len(places):
            yield f"the log {stream} has {len(places)} events, published are {evidence.published.get(stream, 0)}"


def handled_once(evidence: Evidence) -> Iterator[str]:
    """I9: every consumer has read every log to its end, nothing was set aside, and no event was handled twice.

    What a handler records at once, the beginning of something or an answer, names the request that led to it: were a request handled
    twice, there would be two of them.
    """
    yield from evidence.unhandled
    yield from behind(evidence.published, evidence.positions)
    led_to = Counter((event.kind, event.causation_id) for event in evidence.log if event.kind in BEGINNINGS)
    led_to += Counter(
        (event.kind, UUID(event.data["request_id"]))
        for event in evidence.log
        if event.kind.endswith("request_answered")
    )
    for (kind, request_id), times in led_to.items():
        if times > 1:
            yield f"{request_id} led to {kind} {times} times"


INVARIANTS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "I1": one_answer_each,
    "I2": no_duplicates,
    "I3": one_to_one,
    "I4": nets_to_zero,
    "I5": only_refusals_burn,
    "I6": in_sequence,
    "I7": projection_is_the_fold,
    "I8": everything_published,
    "I9": handled_once,
    "I11": mail_is_accounted_for,
}
