"""How answers are found that need not be sent again any more."""

from alembic import op

revision = "provisioner_0008"
down_revision = "provisioner_0007"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    "create index handled_request_answered on handled_request (handled_at) where answer_type is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
