"""What clients command a warmup to do, and what the provider tells of a sender day by day."""

from alembic import op

revision = "warmup_0002"
down_revision = "warmup_0001"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = """
alter table warmup
    add column total_received int not null default 0,
    add column health_score float8,
    add column health_label text,
    add column provider_status int,
    add column observed_at timestamptz,
    add column days jsonb not null default '[]',
    add column qualified_days int not null default 0,
    add column healthy_days int not null default 0,
    add column recent_health float8,
    add column recent_health_label text,
    add column decision jsonb,
    add column reason text,
    add column accepted_at timestamptz;

update warmup set due_at = now() where status = 'graduated';

alter table warmup_day add column decision jsonb;

create table command (
    account_id uuid primary key references warmup (account_id),
    command text not null check (command in ('pause', 'resume', 'disable')),
    reason text,
    due_at timestamptz not null,
    started_at timestamptz,
    intent_at timestamptz,
    stage text check (stage in ('accepted', 'unknown')),
    stage_at timestamptz,
    job_id text,
    tries int not null default 0
);
create index command_due on command (due_at);

create table waiting_command (
    place bigint generated always as identity,
    request_id uuid primary key,
    account_id uuid not null references command (account_id),
    event_id uuid not null,
    event_time timestamptz not null,
    tenant_id uuid not null,
    workspace_id uuid,
    traceparent text
);
create index waiting_command_account on waiting_command (account_id, place);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
