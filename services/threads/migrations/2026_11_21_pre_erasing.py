"""The events of a thread, found in the log when it is erased."""

from alembic import op

revision = "threads_0005"
down_revision = "threads_0004"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    op.execute("create index event_log_thread on event_log (subject) where topic = 'mailwright.threads.v1'")
