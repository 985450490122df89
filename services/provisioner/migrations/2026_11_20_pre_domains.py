"""Claims to domains, the provider's objects they share, and the requests about them that wait for an answer."""

from alembic import op

revision = "provisioner_0002"
down_revision = "provisioner_0001"
branch_labels = None
depends_on = None
phase = "pre"

DOMAIN_TABLES = """
create table provider_domain (
    domain text primary key,
    provider_domain_id text,
    owner_tenant_id uuid,
    registration_intent_at timestamptz,
    asked_at timestamptz,
    attempts int not null default 0,
    last_error_code text,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz
);
create index provider_domain_due on provider_domain (due_at) where due_at is not null;
create index provider_domain_leased on provider_domain (leased_until) where lease_token is not null;

create table domain_claim (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    user_id uuid not null,
    dialect text not null,
    domain text not null references provider_domain (domain),
    status text not null check (status in ('pending', 'verifying', 'verified', 'failed', 'deleting')),
    is_platform boolean not null default false,
    version bigint not null,
    ownership_value text not null,
    publication text not null check (publication in ('undecided', 'synced', 'manual')),
    publication_intent_at timestamptz,
    provider_domain_id text,
    dns_records jsonb not null,
    is_dns_synced boolean not null,
    verified_at timestamptz,
    verifying_since timestamptz,
    checks int not null default 0,
    next_check_at timestamptz,
    failure_code text,
    failure_message text,
    request_id uuid,
    last_event_id uuid,
    last_event_time timestamptz,
    traceparent text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, workspace_id, domain)
);
create index domain_claim_domain on domain_claim (domain);

create table domain_request (
    request_id uuid primary key,
    event_id uuid not null,
    event_time timestamptz not null,
    claim_id uuid not null references domain_claim (id),
    is_check boolean not null,
    traceparent text
);
create index domain_request_claim on domain_request (claim_id);
"""


def upgrade() -> None:
    for statement in DOMAIN_TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
