"""The provisioner's event log and consumer, its accounts, and the sagas that make and undo them."""

from alembic import op

from shared.messaging.tables import MESSAGING_TABLES

revision = "provisioner_0001"
down_revision = None
branch_labels = None
depends_on = None
phase = "pre"

ACCOUNT_TABLES = """
create table account (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    user_id uuid not null,
    dialect text not null,
    plan jsonb not null,
    status text not null,
    address text not null,
    username text not null,
    domain_id uuid not null,
    domain text not null,
    display_name text,
    first_name text,
    last_name text,
    signature text,
    daily_limit int not null,
    suspended boolean not null,
    inbox_id text,
    sender_id text,
    account_tag_id text,
    warmup_tag_id text,
    credential_ref uuid,
    failure_code text,
    failure_message text,
    version bigint not null,
    last_event_id uuid not null,
    last_event_time timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table address (
    address text primary key,
    account_id uuid not null,
    state text not null check (state in ('live', 'burned')),
    reason text,
    burned_at timestamptz
);

create table saga (
    account_id uuid primary key references account (id),
    direction text not null check (direction in ('forward', 'undo', 'delete')),
    epoch int not null,
    revision bigint not null default 0,
    request_id uuid not null,
    traceparent text,
    attempts int not null default 0,
    last_error_code text,
    started_at timestamptz not null default now(),
    turned_at timestamptz,
    due_at timestamptz not null default now(),
    lease_token uuid,
    leased_until timestamptz,
    finished_at timestamptz
);
create index saga_due on saga (due_at) where finished_at is null;
create index saga_leased on saga (lease_token) where lease_token is not null;

create table saga_step (
    account_id uuid not null references saga (account_id),
    step text not null,
    intent_at timestamptz,
    outcome text check (outcome in ('done', 'unknown', 'refused', 'undone')),
    is_doubtful boolean not null default false,
    reference jsonb,
    undone_at timestamptz,
    primary key (account_id, step)
);

create table sweep (
    account_id uuid not null references saga (account_id),
    step text not null,
    doubtful_since timestamptz not null default now(),
    look_ups int not null default 0,
    due_at timestamptz not null,
    lease_token uuid,
    leased_until timestamptz,
    primary key (account_id, step)
);
create index sweep_due on sweep (due_at);
"""


def upgrade() -> None:
    for statement in (MESSAGING_TABLES + ACCOUNT_TABLES).split(";"):
        if statement.strip():
            op.execute(statement)
