"""Whether the consumer is halted; and how much of a producer's log is known where a part of it is missing."""

from alembic import op

from shared.messaging.tables import HALT_AND_GAP_CHANGES

revision = "warmup_0005"
down_revision = "warmup_0004"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    for statement in HALT_AND_GAP_CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
