"""What is to be found when a thread is erased: its requests in the log, and the kept answers that may show it."""

from alembic import op

revision = "gateway_0009"
down_revision = "gateway_0008"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    "create index event_log_thread on event_log (subject) where topic = 'mailwright.threads.v1'",
    "create index request_of_threads on request (workspace_id) where body is not null and kind like 'thread.%'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
