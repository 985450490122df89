"""Finding the addresses that are in use on a domain; while it is built, addresses can be read but not reserved."""

from alembic import op

revision = "provisioner_0010"
down_revision = "provisioner_0009"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    op.execute("create index address_domain on address (split_part(address, '@', 2)) where state = 'live'")
