"""What callers have read already."""

revision = "gateway_0004"
down_revision = "gateway_0003"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    """Nothing yet: its tables come with the code that uses them."""
