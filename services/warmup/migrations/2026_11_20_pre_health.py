"""What holds warmups: their domains; and how the mail fares that their accounts send."""

from alembic import op

revision = "warmup_0003"
down_revision = "warmup_0002"
branch_labels = None
depends_on = None
phase = "pre"

STATEMENTS = """
alter table warmup
    add column domain_id uuid,
    add column hold text check (hold in ('domain', 'connection', 'provider')),
    add column held_from text check (held_from in ('warming', 'graduated')),
    add column bounce_rate float8,
    add column complaint_rate float8,
    add check ((hold is null) = (held_from is null));
create index warmup_domain on warmup (domain_id);
create index warmup_held_by_domain on warmup (domain_id) where hold = 'domain';

create table domain (
    domain_id uuid primary key,
    version bigint not null,
    is_healthy boolean not null,
    reason text
);
create index domain_unhealthy on domain (domain_id) where not is_healthy;

create table mail (
    message_id uuid primary key,
    account_id uuid not null,
    sent_at timestamptz not null,
    is_bounced boolean not null default false,
    is_complained boolean not null default false
);
create index mail_account on mail (account_id, sent_at);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
