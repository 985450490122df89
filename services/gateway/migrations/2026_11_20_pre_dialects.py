"""What three dialects need: keys of inboxes, workspaces that are managed, rate limits, mailbox filters, domains that go."""

from alembic import op

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None
phase = "pre"

TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"
WORKSPACE = "nullif(current_setting('app.workspace', true), '')::uuid"

WORKSPACES = """
alter table workspace
    add column slug text,
    add column is_default boolean not null default false,
    add column deleted_at timestamptz;
update workspace set slug = coalesce(nullif(trim(both '-' from
    regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g')), ''), id::text);
update workspace set slug = id::text where exists (
    select 1 from workspace w
    where w.tenant_id = workspace.tenant_id and w.slug = workspace.slug and w.id < workspace.id);
update workspace set is_default = true where not exists (
    select 1 from workspace w where w.tenant_id = workspace.tenant_id and w.id < workspace.id);
alter table workspace alter column slug set not null;
alter table workspace drop constraint workspace_tenant_id_name_key;
create unique index workspace_name on workspace (tenant_id, name) where deleted_at is null;
create unique index workspace_slug on workspace (tenant_id, slug) where deleted_at is null;
create unique index workspace_default on workspace (tenant_id) where is_default
"""

WHO_SEES_THEM = f"""
create policy bound on workspace for select to mailwright_gateway_request
    using (tenant_id = {TENANT} and ({WORKSPACE} is null or id = {WORKSPACE}));
create policy bound on tenant for select to mailwright_gateway_request using (id = {TENANT});
grant select on tenant, workspace to mailwright_gateway_request
"""

KEYS = f"""
alter table api_key
    alter column tenant_id drop not null,
    add column account_id uuid,
    add column credential_id uuid,
    add column suffix text not null default '',
    add column created_by text;
create index api_key_account on api_key (account_id) where account_id is not null;
create index api_key_workspace on api_key (workspace_id) where workspace_id is not null;
create policy bound on api_key for select to mailwright_gateway_request
    using (tenant_id = {TENANT} and ({WORKSPACE} is null or workspace_id = {WORKSPACE}));
grant select (id, prefix, dialect, name, tenant_id, workspace_id, account_id, credential_id, user_id, suffix, scopes,
    created_at, created_by, expires_at, revoked_at, last_used_at) on api_key to mailwright_gateway_request
"""

# Losing what was counted in the last minute costs nothing; logging it at every call would.
RATES = """
create unlogged table rate_window (
    key_id text primary key,
    started_at timestamptz not null,
    calls int not null
) with (fillfactor = 50)
"""

FILTERS = f"""
create table mailbox_filter (
    account_id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    mode text not null check (mode in ('off', 'allowlist', 'denylist')),
    rules jsonb not null,
    version bigint not null,
    updated_at timestamptz not null
);
alter table mailbox_filter enable row level security;
alter table mailbox_filter force row level security;
create policy worker on mailbox_filter to mailwright_gateway using (true) with check (true);
create policy bound on mailbox_filter for select to mailwright_gateway_request
    using (tenant_id = {TENANT} and ({WORKSPACE} is null or workspace_id = {WORKSPACE}));
grant select on mailbox_filter to mailwright_gateway_request
"""

PROJECTIONS = """
alter table domain add column is_deleted boolean not null default false;
drop index account_tenant_id_dialect_created_at_id_idx;
create index on account (tenant_id, dialect, created_at desc, id desc) where created_at is not null;
create policy platform on domain for select to mailwright_gateway_request
    using (tenant_id = '00000000-0000-0000-0000-000000000000'::uuid);
create index on account (address, tenant_id, dialect) where address is not null;
create index on account (domain_id) where domain_id is not null and not is_deleted
"""

# What seals a secret binds it to its tenant; this keeps others' from being read at all.
SECRETS = f"""
alter table vault.secret enable row level security;
create policy worker on vault.secret to mailwright_gateway, mailwright_provisioner using (true) with check (true);
create policy bound on vault.secret to mailwright_gateway_request
    using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})
"""


def upgrade() -> None:
    for part in (WORKSPACES, WHO_SEES_THEM, KEYS, RATES, FILTERS, PROJECTIONS, SECRETS):
        for statement in part.split(";"):
            op.execute(statement)
