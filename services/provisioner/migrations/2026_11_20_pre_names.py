"""What dialects keep of an account beyond Puffle's: names, further addresses, further credentials."""

from alembic import op

revision = "provisioner_0004"
down_revision = "provisioner_0003"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = """
alter table account
    add column credentials jsonb not null default '[]',
    add column aliases text[] not null default '{}',
    add column primary_alias text,
    add column quota_bytes bigint,
    add column send_scope jsonb not null default '{"type": "all"}',
    add column metadata jsonb not null default '{}',
    add column revoked_credentials uuid[] not null default '{}';
update account set credentials = jsonb_build_array(
    jsonb_build_object('id', credential_ref, 'name', 'default', 'created_at', created_at)
) where credential_ref is not null;

alter table saga add column naming text not null default 'exact', add column asked_name text;

create table allocation (
    tenant_id uuid not null,
    workspace_id uuid not null,
    username text not null,
    domain text not null,
    account_id uuid not null references account (id),
    primary key (tenant_id, workspace_id, username, domain)
);

create table joined_request (
    request_id uuid primary key,
    account_id uuid not null references account (id),
    event_id uuid not null,
    event_time timestamptz not null,
    subject uuid not null,
    tenant_id uuid not null,
    workspace_id uuid,
    traceparent text
);
create index joined_request_account on joined_request (account_id);

create table stray (
    id uuid primary key,
    account_id uuid not null references account (id),
    kind text not null check (kind in ('inbox', 'key')),
    inbox_id text not null,
    name text not null,
    kept_id text,
    doubtful_since timestamptz not null default now(),
    look_ups int not null default 0,
    due_at timestamptz not null,
    lease_token uuid,
    leased_until timestamptz
);
create index stray_due on stray (due_at);
create index stray_account on stray (account_id);
create index address_account on address (account_id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";"):
        op.execute(statement)
