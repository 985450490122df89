"""What counts for a warmup beside the provider's word: whether its domain is verified, and how its account's mail fares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.warmup.domain.health import Mail
from services.warmup.domain.holds import Trouble, domain_trouble
from services.warmup.domain.warmup import Warmup
from services.warmup.ports import Circumstances
from services.warmup.store_commands import CommandDesk, CommandStore
from services.warmup.warmup_rows import COLUMNS, warmup_of

PUT_DOMAIN = """
    insert into domain (domain_id, version, is_healthy, reason) values ($1, $2, $3, $4)
    on conflict (domain_id) do update set version = $2, is_healthy = $3, reason = $4
    where domain.version < $2
"""
COUNT_MAIL = """
    insert into mail (message_id, account_id, sent_at, is_bounced, is_complained)
    select $1, $2, $3, $4, $5
    where exists (select from warmup where account_id = $2 and status in ('warming', 'graduated', 'paused'))
    on conflict (message_id) do update set
        is_bounced = mail.is_bounced or $4, is_complained = mail.is_complained or $5
"""
"""A message is counted once, whatever is told of it and however often."""
CIRCUMSTANCES = """
    with too_old as (delete from mail where account_id = $1 and sent_at < $3)
    select count(m.*) as sent, count(m.*) filter (where m.is_bounced) as bounced,
        count(m.*) filter (where m.is_complained) as complained,
        (select row(d.reason) from domain d where d.domain_id = $2 and not d.is_healthy) as trouble,
        (select max(day) from warmup_day where account_id = $1) as judged_before
    from mail m where m.account_id = $1 and m.sent_at >= $3 and m.sent_at < $4
"""
"""One statement, because it is asked once for every account and day."""
LOST = """
    select array(select domain_id from domain where not is_healthy) as domains,
        exists (select from warmup where hold = 'domain') as has_held
"""
"""Asked first, so that all warmups are looked through only while some domain is lost, or was until now."""
CLAIM_MOVED = f"""
    with moved as (
        select account_id from warmup
        where account_id in (
            select account_id from warmup
            where domain_id = any($4) and hold is null
                and (status = 'graduated' or status = 'warming' and is_confirmed)
            union all
            select account_id from warmup where hold = 'domain' and domain_id <> all($4)
        )
            and (leased_until is null or leased_until < now())
            and not exists (select from command where command.account_id = warmup.account_id)
        limit $2 for update skip locked
    )
    update warmup w set lease_token = $1, leased_until = now() + make_interval(secs => $3)
    from moved where w.account_id = moved.account_id
    returning {", ".join(f"w.{name}" for name in COLUMNS)}
"""  # noqa: S608  only our own column names are interpolated


class CircumstanceStore(CommandStore):
    """The circumstances of warmups within one transaction; see `ports.WarmupStore`."""

    async def put_domain(
        self, domain_id: UUID, version: int, *, is_healthy: bool, reason: str | None
    ) -> None:
        """Keep what was heard of a domain, unless something newer is known."""
        await self._connection.execute(PUT_DOMAIN, domain_id, version, is_healthy, reason)

    async def trouble_of_domain(self, domain_id: UUID | None) -> Trouble | None:
        """Return what is wrong with a domain; None while it is verified."""
        row = await self._connection.fetchrow(
            "select reason from domain where domain_id = $1 and not is_healthy", domain_id
        )
        return None if row is None else domain_trouble(row["reason"])

    async def count_mail(
        self, message_id: UUID, account_id: UUID, sent_at: datetime, *, is_bounced: bool, is_complained: bool
    ) -> None:
        """Count a message that was sent, and whether it came back or was called spam; once for each message."""
        await self._connection.execute(COUNT_MAIL, message_id, account_id, sent_at, is_bounced, is_complained)

    async def circumstances(self, warmup: Warmup, since: datetime, until: datetime) -> Circumstances:
        """Return what counts for a day beside the provider's word; mail older than the first instant is forgotten."""
        row = await self._connection.fetchrow(
            CIRCUMSTANCES, warmup.account_id, warmup.domain_id, since, until
        )
        if row is None:
            raise LookupError("an aggregate has one row")
        trouble = None if row["trouble"] is None else domain_trouble(row["trouble"][0])
        mail = Mail(row["sent"], row["bounced"], row["complained"])
        return Circumstances(mail, trouble, row["judged_before"])


class CircumstanceDesk(CommandDesk):
    """Warmups whose domain has changed; see `ports.WarmupDesk`."""

    async def claim_moved(self, limit: int) -> Sequence[Warmup]:
        """Lease warmups that their domain is to hold, or does not hold any more, under a fresh token."""
        lost = await self._pool.fetchrow(LOST)
        if lost is None or not (lost["domains"] or lost["has_held"]):
            return []
        rows = await self._pool.fetch(
            CLAIM_MOVED, self._ids.new(), limit, self._lease_seconds, lost["domains"]
        )
        return [warmup_of(row) for row in rows]
