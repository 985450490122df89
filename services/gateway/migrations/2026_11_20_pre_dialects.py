"""What three dialects need: keys of inboxes, workspaces that are managed, rate limits, filters."""

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    """Nothing yet: its tables come with the code that uses them."""
