"""The dead letters of unknown types, found by their type."""

from alembic import op

from shared.messaging.tables import UNKNOWN_TYPE_CHANGES

revision = "gateway_0010"
down_revision = "gateway_0009"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    for statement in UNKNOWN_TYPE_CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
