"""The gateway's projections: every event it received, the rows folded from them, and answers that came before their facts."""

from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None
phase = "pre"

# Indexes have no names of their own: a rebuild makes the same tables in another schema and moves them here, and the
# names that the database chooses are then the same again.
TABLES = """
create table event (
    event_id uuid primary key,
    subject uuid not null,
    source text not null,
    topic text not null,
    type text not null,
    sequence bigint,
    event_time timestamptz not null,
    tenant_id uuid not null,
    workspace_id uuid,
    request_id uuid,
    causation_id uuid,
    data jsonb not null,
    received_at timestamptz not null default clock_timestamp()
);
create index on event (subject, event_time, event_id);
create index on event using brin (received_at);

create table account (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid,
    dialect text,
    address text,
    domain_id uuid,
    status text,
    warmup_status text,
    is_deleted boolean not null default false,
    created_at timestamptz,
    updated_at timestamptz,
    account jsonb,
    account_version bigint not null default 0,
    warmup jsonb,
    warmup_version bigint not null default 0
);
create index on account (tenant_id, dialect, created_at desc, id desc) where created_at is not null and not is_deleted;

create table domain (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid,
    dialect text,
    name text,
    status text,
    created_at timestamptz,
    updated_at timestamptz,
    state jsonb,
    version bigint not null default 0
);
create index on domain (tenant_id, dialect, created_at desc, id desc) where created_at is not null;

create table pending_answer (
    request_id uuid primary key,
    subject_id uuid not null,
    tenant_id uuid not null,
    type text not null,
    data jsonb not null,
    received_at timestamptz not null default clock_timestamp()
);
create index on pending_answer (subject_id)
"""

BOUND = """
    tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
    and (nullif(current_setting('app.workspace', true), '') is null
         or workspace_id = nullif(current_setting('app.workspace', true), '')::uuid)
"""
READ = ("event", "account", "domain")
GUARDED = (*READ, "pending_answer")

SECURITY = (
    *(f"alter table {table} enable row level security" for table in GUARDED),
    *(f"alter table {table} force row level security" for table in GUARDED),
    *(
        f"create policy worker on {table} to mailwright_gateway using (true) with check (true)"
        for table in GUARDED
    ),
    *(
        f"create policy bound on {table} for select to mailwright_gateway_request using ({BOUND})"
        for table in READ
    ),
    f"grant select on {', '.join(READ)} to mailwright_gateway_request",
)


def upgrade() -> None:
    for statement in (*TABLES.split(";"), *SECURITY):
        op.execute(statement)
