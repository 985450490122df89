"""How requests are found that are over and made nothing."""

from alembic import op

revision = "gateway_0007"
down_revision = "gateway_0006"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    """
    create index request_over on request (expires_at)
        where state = 'answered' and kind not in ('account.create', 'domain.create', 'thread.create')
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
