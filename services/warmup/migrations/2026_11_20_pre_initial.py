"""The warmup service's event log and consumer, its warmups, waiting retries and judged days."""

from alembic import op

from shared.messaging.tables import MESSAGING_TABLES

revision = "warmup_0001"
down_revision = None
branch_labels = None
depends_on = None
phase = "pre"

WARMUP_TABLES = """
create table warmup (
    account_id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    address text not null,
    account_version bigint not null,
    status text not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    last_event_id uuid not null,
    last_event_time timestamptz not null,
    traceparent text,
    create_request_id uuid,
    attempts int not null,
    next_attempt_at timestamptz,
    started_at timestamptz,
    is_confirmed boolean not null,
    day int not null,
    total_sent int not null,
    reputation float8,
    failure_code text,
    failure_message text,
    job_id text,
    attempt_by text check (attempt_by in ('service', 'client')),
    attempt_started_at timestamptz,
    intent_at timestamptz,
    tries int not null,
    goes_alone boolean not null,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz
);
create index warmup_due on warmup (due_at) where due_at is not null;

create table waiting_retry (
    place bigint generated always as identity,
    request_id uuid primary key,
    account_id uuid not null references warmup (account_id),
    event_id uuid not null,
    event_time timestamptz not null,
    tenant_id uuid not null,
    workspace_id uuid,
    traceparent text
);
create index waiting_retry_account on waiting_retry (account_id, place);

create table warmup_day (
    account_id uuid not null references warmup (account_id),
    day int not null,
    provider_status text,
    reputation float8,
    total_sent int not null,
    judgement text not null,
    reason text not null,
    judged_at timestamptz not null default now(),
    primary key (account_id, day)
);
"""


def upgrade() -> None:
    for statement in (MESSAGING_TABLES + WARMUP_TABLES).split(";"):
        if statement.strip():
            op.execute(statement)
