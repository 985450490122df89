"""How often an arrival crashed the work on it, so that there is an end to that."""

from alembic import op

revision = "threads_0004"
down_revision = "threads_0003"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    op.execute("alter table arrival add column crashes int not null default 0")
