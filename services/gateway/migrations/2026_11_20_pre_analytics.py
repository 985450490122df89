"""What callers have read already: a row for each account an API key was told of."""

from alembic import op

revision = "gateway_0004"
down_revision = "gateway_0003"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    """
    create table read_marker (
        key_id text not null,
        account_id uuid not null,
        tenant_id uuid not null,
        status text not null,
        warmup_status text not null,
        version bigint not null,
        primary key (key_id, account_id)
    )
    """,
    "alter table read_marker enable row level security",
    "alter table read_marker force row level security",
    "create policy worker on read_marker to mailwright_gateway using (true) with check (true)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
