"""The shared schemas: sealed secrets, and the gates before providers that all processes share."""

from alembic import op

revision = "platform_0001"
down_revision = None
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    """
    create table vault.secret (
        id uuid primary key,
        tenant_id uuid not null,
        kind text not null,
        key_version int not null,
        wrapped_key bytea not null,
        ciphertext bytea not null,
        created_at timestamptz not null default now()
    )
    """,
    "grant usage on schema vault to mailwright_provisioner, mailwright_gateway, mailwright_gateway_request",
    "grant select, insert, delete on vault.secret to mailwright_provisioner, mailwright_gateway",
    "grant select, insert on vault.secret to mailwright_gateway_request",
    """
    create table providers.gate (
        provider text not null,
        credential text not null,
        tokens float8 not null,
        refilled_at timestamptz not null default clock_timestamp(),
        blocked_until timestamptz not null default '-infinity',
        failures int not null default 0,
        primary key (provider, credential)
    )
    """,
    "grant usage on schema providers to mailwright_provisioner, mailwright_warmup",
    "grant select, insert, update on all tables in schema providers to mailwright_provisioner, mailwright_warmup",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
