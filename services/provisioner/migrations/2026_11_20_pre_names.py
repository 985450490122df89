"""Names that dialects allocate, further addresses, and further credentials."""

revision = "provisioner_0004"
down_revision = "provisioner_0003"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    """Nothing yet: its tables come with the code that uses them."""
