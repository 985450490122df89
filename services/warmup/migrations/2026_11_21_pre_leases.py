"""Leases that are renewed: found by their token."""

from alembic import op

revision = "warmup_0006"
down_revision = "warmup_0005"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    op.execute("create index warmup_leased on warmup (lease_token) where lease_token is not null")
