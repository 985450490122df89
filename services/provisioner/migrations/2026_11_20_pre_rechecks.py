"""When verified domains are looked at again, and what those looks found."""

from alembic import op

revision = "provisioner_0007"
down_revision = "provisioner_0006"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    """
    alter table domain_claim
        add column recheck_at timestamptz,
        add column bad_looks int not null default 0,
        add column lost text[] not null default '{}'
    """,
    """
    update domain_claim set recheck_at = now() + random() * interval '6 hours'
    where status = 'verified' and not is_platform
    """,
    """
    update provider_domain p set due_at = least(p.due_at, c.first)
    from (
        select domain, min(recheck_at) as first from domain_claim where recheck_at is not null group by domain
    ) c
    where c.domain = p.domain
    """,
)
"""Those that are verified already are looked at within the next hours, not all at once."""


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
