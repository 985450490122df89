"""How is found what is kept for a time only: answers and the days' counts."""

from alembic import op

revision = "threads_0002"
down_revision = "threads_0001"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    "create index handled_request_answered on handled_request (handled_at) where answer_type is not null",
    "create index sent_day_age on sent_day (day)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
