"""The threads service's event log and consumer, its threads, messages, senders, suppressions and arrivals."""

from alembic import op

from shared.messaging.tables import MESSAGING_TABLES

revision = "threads_0001"
down_revision = None
branch_labels = None
depends_on = None
phase = "pre"

THREADS_TABLES = """
create table thread (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    user_id uuid not null,
    channel text not null check (channel in ('email', 'linkedin')),
    status text not null check (status in ('draft', 'active', 'archived', 'warmup', 'erased')),
    account_id uuid,
    participant_email text check (participant_email = lower(participant_email)),
    participant_name text,
    draft_ref uuid,
    sent int not null,
    received int not null,
    last_direction text,
    last_message_at timestamptz,
    last_inbound_at timestamptz,
    is_bounced boolean not null,
    provider_thread_id text,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    last_event_id uuid not null,
    last_event_time timestamptz not null
);
create unique index thread_pair on thread (account_id, participant_email)
    where channel = 'email' and status in ('draft', 'active');
create index thread_participant on thread (workspace_id, participant_email);
create index thread_provider on thread (account_id, provider_thread_id) where provider_thread_id is not null;

create table message (
    id uuid primary key,
    thread_id uuid not null references thread (id),
    account_id uuid not null,
    tenant_id uuid not null,
    workspace_id uuid not null,
    direction text not null check (direction in ('outbound', 'inbound')),
    status text not null
        check (status in ('queued', 'sent', 'failed', 'unknown', 'bounced', 'complained', 'received')),
    content_ref uuid not null,
    from_email text not null,
    to_email text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sent_at timestamptz,
    threading_mode text,
    provider_message_id text,
    in_reply_to text,
    failure_code text,
    failure_message text,
    request_id uuid,
    request_event_id uuid,
    request_event_time timestamptz,
    traceparent text,
    day date,
    intent_at timestamptz,
    called_at timestamptz,
    unready_since timestamptz,
    attempts int not null default 0,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz
);
create index message_thread on message (thread_id, created_at);
create unique index message_provider on message (account_id, provider_message_id, direction)
    where provider_message_id is not null;
create index message_due on message (due_at) where due_at is not null;
create index message_queued on message (thread_id, created_at, id) where status = 'queued';

create table sender (
    account_id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid,
    channel text not null default 'email',
    inbox_id text,
    account jsonb,
    account_version bigint not null default 0,
    warmup jsonb,
    warmup_version bigint not null default 0
);
create index sender_inbox on sender (inbox_id) where inbox_id is not null;

create table sent_day (
    account_id uuid not null,
    day date not null,
    messages int not null,
    primary key (account_id, day)
);

create table suppression (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    address text not null check (address = lower(address)),
    reason text not null check (reason in ('bounced', 'complained')),
    message_id uuid,
    suppressed_at timestamptz not null,
    lifted_at timestamptz,
    version bigint not null,
    last_event_time timestamptz not null,
    unique (workspace_id, address)
);

create table arrival (
    provider text not null,
    event_id text not null,
    event_type text not null,
    inbox_id text,
    content_ref uuid,
    mail_id text,
    received_at timestamptz not null,
    cause_id uuid,
    cause_time timestamptz,
    check (content_ref is not null or mail_id is not null or due_at is null),
    attempts int not null default 0,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz,
    primary key (provider, event_id)
);
create index arrival_due on arrival (due_at) where due_at is not null;
create index arrival_done on arrival (received_at) where due_at is null;

create table poll (
    account_id uuid primary key,
    inbox_id text not null,
    seen_until timestamptz not null,
    failures int not null default 0,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz
);
create index poll_due on poll (due_at) where due_at is not null;

create table webhook (
    provider text primary key,
    url text not null,
    webhook_id text,
    secret_ref uuid,
    registered_at timestamptz,
    heard_at timestamptz,
    missed_at timestamptz,
    failures int not null default 0,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz
);
"""


def upgrade() -> None:
    for statement in (MESSAGING_TABLES + THREADS_TABLES).split(";"):
        if statement.strip():
            op.execute(statement)
