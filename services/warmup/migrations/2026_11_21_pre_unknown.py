"""The dead letters of unknown types, found by their type."""

from alembic import op

from shared.messaging.tables import UNKNOWN_TYPE_CHANGES

revision = "warmup_0007"
down_revision = "warmup_0006"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    for statement in UNKNOWN_TYPE_CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
