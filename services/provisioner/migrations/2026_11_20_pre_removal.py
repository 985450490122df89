"""Removing accounts: who waits for it; and the changes of accounts that are under way."""

from alembic import op

revision = "provisioner_0003"
down_revision = "provisioner_0002"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    "create index account_domain on account (domain_id) where status <> 'deleted'",
    """
    create table waiting_deletion (
        request_id uuid primary key,
        account_id uuid not null references account (id)
    )
    """,
    "create index waiting_deletion_account on waiting_deletion (account_id)",
    """
    create table account_command (
        request_id uuid primary key,
        place bigint generated always as identity,
        account_id uuid not null references account (id),
        type text not null,
        data jsonb not null,
        event_id uuid not null,
        event_time timestamptz not null,
        tenant_id uuid not null,
        workspace_id uuid,
        traceparent text,
        asked_at timestamptz not null default now(),
        due_at timestamptz not null default now(),
        has_intent boolean not null default false,
        lease_token uuid,
        leased_until timestamptz
    )
    """,
    "create index account_command_account on account_command (account_id, place)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
