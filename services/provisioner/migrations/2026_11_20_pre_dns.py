"""Giving domains up, and what DNS was seen to say."""

revision = "provisioner_0005"
down_revision = "provisioner_0004"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    """Nothing yet: its tables come with the code that uses them."""
