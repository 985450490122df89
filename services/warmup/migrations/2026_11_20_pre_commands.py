"""What clients command a warmup to do."""

revision = "warmup_0002"
down_revision = "warmup_0001"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    """Nothing yet: its tables come with the code that uses them."""
