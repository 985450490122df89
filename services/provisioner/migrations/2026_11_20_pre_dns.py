"""Giving domains up, claims per dialect, and what DNS was seen to say."""

from alembic import op

revision = "provisioner_0005"
down_revision = "provisioner_0004"
branch_labels = None
depends_on = None
phase = "pre"

DNS_TABLES = """
alter table domain_claim drop constraint domain_claim_tenant_id_workspace_id_domain_key;
create unique index domain_claim_living on domain_claim (tenant_id, workspace_id, dialect, domain)
    where status not in ('deleting', 'deleted');
alter table domain_claim drop constraint domain_claim_status_check;
alter table domain_claim add constraint domain_claim_status_check
    check (status in ('pending', 'verifying', 'verified', 'failed', 'deleting', 'deleted'));
alter table domain_claim add column is_overridden boolean not null default false;

alter table provider_domain
    add column removal_intent_at timestamptz,
    add column doubtful_since timestamptz,
    add column look_ups int not null default 0;

alter table domain_request add column change_to text;
alter table domain_request add column is_deletion boolean not null default false;
alter table domain_request add column is_cascade boolean not null default false;
"""


def upgrade() -> None:
    for statement in DNS_TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
