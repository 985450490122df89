"""How is found what is kept for a time only: answers, mail, judged days."""

from alembic import op

revision = "warmup_0004"
down_revision = "warmup_0003"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = (
    "create index handled_request_answered on handled_request (handled_at) where answer_type is not null",
    "create index mail_age on mail (sent_at)",
    "create index warmup_day_age on warmup_day using brin (judged_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
