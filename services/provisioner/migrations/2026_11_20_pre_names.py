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
    add column metadata jsonb not null default '{}';
update account set credentials = jsonb_build_array(
    jsonb_build_object('id', credential_ref, 'name', 'default', 'created_at', created_at)
) where credential_ref is not null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";"):
        op.execute(statement)
