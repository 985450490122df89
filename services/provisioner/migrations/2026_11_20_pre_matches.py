"""Further ids by which claims to domains are known."""

from alembic import op

revision = "provisioner_0006"
down_revision = "provisioner_0005"
branch_labels = None
depends_on = None
phase = "pre"


def upgrade() -> None:
    op.execute(
        "create table domain_match (id uuid primary key, claim_id uuid not null references domain_claim (id))"
    )
