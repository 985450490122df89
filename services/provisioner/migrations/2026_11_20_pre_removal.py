"""Removing accounts and changing them."""

revision = "provisioner_0003"
down_revision = "provisioner_0002"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    """Nothing yet: its tables come with the code that uses them."""
