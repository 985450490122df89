"""The gateway's first tables: its event log, who may call, and what was asked; row-level security on all that tenants own."""

from alembic import op

from shared.messaging.tables import MESSAGING_TABLES

revision = "gateway_0001"
down_revision = None
branch_labels = None
depends_on = None
phase = "pre"

TABLES = """
create table tenant (
    id uuid primary key,
    name text not null unique,
    owner_id uuid not null,
    created_at timestamptz not null
);

create table workspace (
    id uuid primary key,
    tenant_id uuid not null references tenant,
    name text not null,
    created_at timestamptz not null,
    unique (tenant_id, name)
);

create table api_key (
    id text primary key,
    prefix text not null,
    dialect text not null,
    name text not null,
    tenant_id uuid not null references tenant,
    workspace_id uuid references workspace,
    user_id uuid not null,
    secret_hash bytea not null,
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
create index api_key_tenant on api_key (tenant_id);

create table request (
    id uuid primary key,
    kind text not null,
    dialect text not null,
    tenant_id uuid not null,
    workspace_id uuid not null,
    scope_id uuid not null,
    key_id text not null,
    user_id uuid not null,
    subject_id uuid not null,
    route text not null,
    call_id text not null,
    idempotency_key text,
    fingerprint bytea not null,
    data jsonb not null,
    state text not null default 'open' check (state in ('open', 'answered')),
    code text,
    message text,
    answer_subject_id uuid,
    status int,
    headers jsonb,
    body bytea,
    body_key_version int,
    body_wrapped_key bytea,
    accepted_at timestamptz not null,
    answered_at timestamptz,
    expires_at timestamptz not null,
    unique (tenant_id, scope_id, route, idempotency_key)
);
create index request_subject on request (subject_id);
create index request_expiry on request (expires_at) where body is not null
"""

BOUND = """
    tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
    and (nullif(current_setting('app.workspace', true), '') is null
         or workspace_id = nullif(current_setting('app.workspace', true), '')::uuid)
"""
GUARDED = ("workspace", "api_key", "request")

SECURITY = (
    *(f"alter table {table} enable row level security" for table in ("tenant", *GUARDED)),
    *(f"alter table {table} force row level security" for table in ("tenant", *GUARDED)),
    *(
        f"create policy worker on {table} to mailwright_gateway using (true) with check (true)"
        for table in ("tenant", *GUARDED)
    ),
    f"create policy bound on request for select to mailwright_gateway_request using ({BOUND})",
    "grant select on request to mailwright_gateway_request",
)


def upgrade() -> None:
    for statement in (*MESSAGING_TABLES.split(";"), *TABLES.split(";"), *SECURITY):
        if statement.strip():
            op.execute(statement)
