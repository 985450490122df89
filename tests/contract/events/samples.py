"""One sample of each event version, built in code; the golden files hold the same in JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from shared.contracts import answers
from shared.contracts.accounts import (
    AccountChanges,
    AccountState,
    AccountStatus,
    Credential,
    Failure,
    Naming,
    Plan,
    SendScope,
    Step,
)
from shared.contracts.answers import Outcome
from shared.contracts.domains import DnsRecord, DomainState, DomainStatus
from shared.contracts.envelope import Event
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.requests import Caller, Dialect
from shared.contracts.threads import (
    Direction,
    MessageState,
    MessageStatus,
    SuppressionState,
    ThreadChangeRequested,
    ThreadChanges,
    ThreadingMode,
    ThreadState,
    ThreadStatus,
)
from shared.contracts.warmups import WarmupCriterion, WarmupDay, WarmupDecision, WarmupState, WarmupStatus

ACCOUNT = UUID("0192d3a4-0000-7000-8000-000000000001")
DOMAIN = UUID("0192d3a4-0000-7000-8000-000000000002")
TENANT = UUID("0192d3a4-0000-7000-8000-000000000003")
WORKSPACE = UUID("0192d3a4-0000-7000-8000-000000000004")
USER = UUID("0192d3a4-0000-7000-8000-000000000005")
REQUEST = UUID("0192d3a4-0000-7000-8000-000000000006")
CREDENTIAL = UUID("0192d3a4-0000-7000-8000-000000000007")
THREAD = UUID("0192d3a4-0000-7000-8000-000000000008")
MESSAGE = UUID("0192d3a4-0000-7000-8000-000000000009")
CONTENT = UUID("0192d3a4-0000-7000-8000-00000000000a")
THEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

CALLER = Caller(tenant_id=TENANT, workspace_id=WORKSPACE, user_id=USER, key_id="k1", dialect=Dialect.PUFFLE)
SEND_SCOPE = SendScope(type="group", group_public_ids=("group_1",))
PLAN = Plan(steps=tuple(Step), warmup=True)
ACCOUNT_STATE = AccountState(
    account_id=ACCOUNT, tenant_id=TENANT, workspace_id=WORKSPACE, user_id=USER, dialect=Dialect.PUFFLE, plan=PLAN,
    status=AccountStatus.PROVISIONED, address="ada@example.com", username="ada", domain_id=DOMAIN, domain="example.com",
    created_at=THEN, updated_at=THEN, display_name="Ada Lovelace", first_name="Ada", last_name="Lovelace",
    inbox_id="ada@example.com", sender_id="ada@example.com", account_tag_id="t1", warmup_tag_id="t2",
    credential_ref=CREDENTIAL, credentials=(Credential(id=CREDENTIAL, name="first", created_at=THEN),),
    aliases=("hello@example.org",), primary_alias="hello@example.org", quota_bytes=1_073_741_824,
    send_scope=SEND_SCOPE, metadata={"team": "sales"},
)  # fmt: skip
WARMUP_STATE = WarmupState(
    account_id=ACCOUNT, tenant_id=TENANT, workspace_id=WORKSPACE, address="ada@example.com",
    status=WarmupStatus.WARMING, created_at=THEN, updated_at=THEN, attempts=1, started_at=THEN, is_confirmed=True,
    day=3, total_sent=42, reputation=71.5, total_received=40, health_score=98.0, health_label="Excellent",
    provider_status=1, observed_at=THEN, days=(WarmupDay(date=date(2026, 11, 19), sent=14, received=13, inbox=14),),
    qualified_days=3, healthy_days=2, recent_health=97.5, recent_health_label="excellent", next_evaluation_at=THEN,
    decision=WarmupDecision(
        at=THEN, day=3, policy="puffle", policy_version=1, judgement="continue",
        sentence="It does not meet every goal yet: reputation 71.5 (at least 90).",
        criteria=(WarmupCriterion(name="reputation", value=71.5, at_least=90.0, is_met=False),), expected_at=THEN,
    ),
)  # fmt: skip
DOMAIN_STATE = DomainState(
    domain_id=DOMAIN, tenant_id=TENANT, workspace_id=WORKSPACE, user_id=USER, dialect=Dialect.PUFFLE,
    domain="example.com", status=DomainStatus.VERIFIED, created_at=THEN, updated_at=THEN,
    provider_domain_id="example.com", is_dns_synced=True, verified_at=THEN,
    dns_records=(DnsRecord(type="MX", name="example.com", value="mx.example.net", priority=10, status="valid"),),
)  # fmt: skip
THREAD_STATE = ThreadState(
    thread_id=THREAD, tenant_id=TENANT, workspace_id=WORKSPACE, user_id=USER, status=ThreadStatus.ACTIVE,
    created_at=THEN, updated_at=THEN, account_id=ACCOUNT, participant_email="grace@example.org",
    participant_name="Grace Hopper", draft_ref=CONTENT, sent=2, received=1, last_direction=Direction.OUTBOUND,
    last_message_at=THEN, last_inbound_at=THEN, is_bounced=True,
)  # fmt: skip
MESSAGE_STATE = MessageState(
    message_id=MESSAGE, thread_id=THREAD, account_id=ACCOUNT, direction=Direction.OUTBOUND, status=MessageStatus.BOUNCED,
    content_ref=CONTENT, created_at=THEN, updated_at=THEN, from_email="ada@example.com", to_email="grace@example.org",
    sent_at=THEN, threading_mode=ThreadingMode.REPLY, provider_message_id="<m1@example.com>",
    in_reply_to="<m0@example.org>", failure=Failure(code="bounced", message="The mail came back."),
)  # fmt: skip

VALUES: dict[str, Any] = {
    "caller": CALLER,
    "plan": PLAN,
    "workspace_id": WORKSPACE,
    "username": "ada",
    "domain_id": DOMAIN,
    "naming": Naming.OWN_OR_SUFFIXED,
    "name_source": "Demo",
    "quota_bytes": 1_073_741_824,
    "send_scope": SEND_SCOPE,
    "changes": AccountChanges(signature="Ada"),
    "changed": ("signature",),
    "expected_version": 7,
    "address": "hello@example.org",
    "is_primary": True,
    "credential_id": CREDENTIAL,
    "name": "laptop",
    "status": "failed",
    "cascade": True,
    "reason": "Paused for the holidays.",
    "display_name": "Ada Lovelace",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "account": ACCOUNT_STATE,
    "warmup": WARMUP_STATE,
    "is_address_burned": True,
    "request_id": REQUEST,
    "outcome": Outcome.REFUSED,
    "account_id": ACCOUNT,
    "participant_email": "grace@example.org",
    "participant_name": "Grace Hopper",
    "draft_ref": CONTENT,
    "draft_changed": ("subject",),
    "seen": {"account": 3, "warmup": 2},
    "message_id": MESSAGE,
    "content_ref": CONTENT,
    "threading_mode": ThreadingMode.REPLY,
    "thread": THREAD_STATE,
    "message": MESSAGE_STATE,
    "suppression": SuppressionState(
        suppression_id=CONTENT,
        tenant_id=TENANT,
        workspace_id=WORKSPACE,
        address="grace@example.org",
        reason="bounced",
        message_id=MESSAGE,
        suppressed_at=THEN,
    ),
    "provider": "agentmail",
    "event_id": "evt_1",
    "event_type": "message.received",
    "inbox_id": "ada@example.com",
    "subject_id": ACCOUNT,
    "code": "address_taken",
    "needs": {"account": 3},
    "details": {"reason": "in use"},
    "failure": Failure(code="provider_refused", message="The inbox provider refused the address."),
}
"""What the samples' fields hold, by field name; `domain` is a state in facts and a name in requests."""
OTHERWISE: dict[type[Event], dict[str, Any]] = {
    ThreadChangeRequested: {"changes": ThreadChanges(status="archived"), "changed": ("status",)},
    **{answer: {"message": "The address is in use."} for answer in answers.EVENTS},
}
"""Fields whose names mean something else elsewhere."""


def sample(event_type: type[Event]) -> Event:
    """Return the sample of an event type, with every field set."""
    values = {name: VALUES[name] for name in event_type.model_fields if name != "domain"}
    values |= OTHERWISE.get(event_type, {})
    if "domain" in event_type.model_fields:
        is_fact = event_type.model_fields["domain"].annotation is DomainState
        values["domain"] = DOMAIN_STATE if is_fact else "example.com"
    return event_type(**values)


SAMPLES = {name: sample(event_type) for name, event_type in EVENT_TYPES.items()}
