"""Threads: their projection, what was read of them, and what keys may do with them."""

from alembic import op

revision = "gateway_0005"
down_revision = "gateway_0004"
branch_labels = None
depends_on = None
phase = "pre"

# Indexes have no names of their own, as those of the other projections.
TABLES = """
create table thread (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid,
    channel text,
    status text,
    inbox_state text,
    account_id uuid,
    participant_email text,
    participant_name text,
    received int not null default 0,
    is_bounced boolean not null default false,
    is_deleted boolean not null default false,
    active_at timestamptz,
    created_at timestamptz,
    updated_at timestamptz,
    state jsonb,
    version bigint not null default 0
);
create index on thread (tenant_id, workspace_id, active_at desc, id desc)
    where created_at is not null and not is_deleted;
create index on thread (workspace_id, participant_email) where participant_email is not null and not is_deleted;
create index on thread (account_id) where account_id is not null and not is_deleted;

create table message (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid,
    thread_id uuid,
    account_id uuid,
    direction text,
    status text,
    placed_at timestamptz,
    state jsonb,
    version bigint not null default 0
);
create index on message (thread_id, placed_at, id);
create index on message (account_id, placed_at) where direction = 'outbound';

create table suppression (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid,
    address text,
    is_deleted boolean not null default false,
    suppressed_at timestamptz,
    state jsonb,
    version bigint not null default 0
);
create index on suppression (tenant_id, workspace_id, suppressed_at desc, id desc)
    where suppressed_at is not null and not is_deleted;

create table thread_read (
    thread_id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    received int not null
);
create index request_shows on request (answer_subject_id) where kind = 'thread.create'
"""

BOUND = """
    tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
    and (nullif(current_setting('app.workspace', true), '') is null
         or workspace_id = nullif(current_setting('app.workspace', true), '')::uuid)
"""
GUARDED = ("thread", "message", "suppression", "thread_read")

SECURITY = (
    *(f"alter table {table} enable row level security" for table in GUARDED),
    *(f"alter table {table} force row level security" for table in GUARDED),
    *(
        f"create policy worker on {table} to mailwright_gateway using (true) with check (true)"
        for table in GUARDED
    ),
    *(
        f"create policy bound on {table} for select to mailwright_gateway_request using ({BOUND})"
        for table in GUARDED
    ),
    f"grant select on {', '.join(GUARDED)} to mailwright_gateway_request",
)

# A key that could do everything goes on to be one; who asked for less gets no more.
SCOPES = """
update api_key set scopes = scopes || array['threads:read', 'threads:write', 'threads:send']
where prefix = 'pk_live' and scopes @> array['accounts:read', 'accounts:write', 'domains:read', 'domains:write']
"""


def upgrade() -> None:
    for statement in (*TABLES.split(";"), *SECURITY, SCOPES):
        op.execute(statement)
