"""What providers have reported by webhook, so that a repetition is not told twice; nothing of what they said."""

from alembic import op

revision = "gateway_0006"
down_revision = "gateway_0005"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    """
    create table reported_event (
        provider text not null,
        event_id text not null,
        delivery_id text not null,
        reported_at timestamptz not null,
        primary key (provider, event_id),
        unique (provider, delivery_id)
    )
    """,
    "create index reported_event_age on reported_event (reported_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
