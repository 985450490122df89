"""Which threads a kept answer shows besides its own. Its indexes hold writes to `request` while they are built."""

from alembic import op

revision = "gateway_0011"
down_revision = "gateway_0010"
branch_labels = None
depends_on = None
phase = "pre"

# The second finds what code before this one keeps meanwhile; `request_of_threads` is how that code finds everything.
STATEMENTS = (
    "alter table request add column shown uuid[]",
    "create index request_shown on request using gin (shown) where body is not null and shown <> '{}'",
    """
    create index request_of_unsaid_threads on request (workspace_id)
        where body is not null and kind like 'thread.%' and shown is null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
