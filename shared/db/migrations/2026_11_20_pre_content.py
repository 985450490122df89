"""Mail content: pieces of text, and the files that lie in object storage."""

from alembic import op

revision = "platform_0002"
down_revision = "platform_0001"
branch_labels = None
depends_on = None
phase = "pre"

BOUND = """
    tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
    and (nullif(current_setting('app.workspace', true), '') is null
         or workspace_id = nullif(current_setting('app.workspace', true), '')::uuid)
"""
TABLES = """
create table content.part (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid,
    thread_id uuid,
    kind text not null check (kind in ('draft', 'message', 'report')),
    body jsonb not null,
    created_at timestamptz not null default now()
);
create index part_thread on content.part (thread_id) where thread_id is not null;
create table content.attachment (
    path text primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    thread_id uuid not null,
    name text not null default '',
    mime_type text not null default '',
    size bigint not null default 0,
    created_at timestamptz not null default now(),
    stored_at timestamptz,
    erased_at timestamptz,
    due_at timestamptz not null
);
create index attachment_thread on content.attachment (thread_id);
create index attachment_due on content.attachment (due_at);
create index part_attachment on content.part using gin ((body -> 'attachments') jsonb_path_ops)
"""
GUARDED = ("content.part", "content.attachment")
WORKERS = "mailwright_gateway, mailwright_threads"
STATEMENTS = (
    f"grant usage on schema content to {WORKERS}, mailwright_gateway_request",
    *(f"grant select, insert, update, delete on {table} to {WORKERS}" for table in GUARDED),
    *(f"grant select on {table} to mailwright_gateway_request" for table in GUARDED),
    *(f"alter table {table} enable row level security" for table in GUARDED),
    *(f"alter table {table} force row level security" for table in GUARDED),
    *(f"create policy worker on {table} to {WORKERS} using (true) with check (true)" for table in GUARDED),
    *(
        f"create policy bound on {table} for select to mailwright_gateway_request using ({BOUND})"
        for table in GUARDED
    ),
    # What the threads service keeps for the gateway: the secret that webhooks are signed with.
    "grant usage on schema vault to mailwright_threads",
    "grant select, insert, delete on vault.secret to mailwright_threads",
    """
    create policy threads on vault.secret to mailwright_threads
        using (kind = 'webhook_secret') with check (kind = 'webhook_secret')
    """,
    "grant usage on schema providers to mailwright_threads",
    "grant select, insert, update on all tables in schema providers to mailwright_threads",
)


def upgrade() -> None:
    for statement in (*TABLES.split(";"), *STATEMENTS):
        op.execute(statement)
