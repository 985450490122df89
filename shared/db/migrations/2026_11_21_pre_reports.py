"""What providers reported, found by its age: the little of the content that is kept for a time only."""

from alembic import op

revision = "platform_0003"
down_revision = "platform_0002"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    op.execute("create index part_report on content.part (created_at) where kind = 'report'")
