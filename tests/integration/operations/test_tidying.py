"""What is kept for a time only goes when that is over; what promises rest on stays; two that tidy at once are one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from services.gateway.settings import GatewaySettings
from services.gateway.tidying import chores as chores_of_gateway
from services.threads.settings import ThreadsSettings
from services.threads.tidying import chores as chores_of_threads
from services.warmup.settings import WarmupSettings
from services.warmup.tidying import chores as chores_of_warmup
from shared.clock import RandomIds, SystemClock
from shared.contracts.answers import AccountRequestAnswered, Outcome
from shared.contracts.warmups import WarmupRetryRequested
from shared.db import tidy
from shared.db.pool import Pool, create_pool
from shared.db.tidy import TIDY_LOCK, Chore
from shared.messaging import answers, dead_letters
from shared.messaging.dead_letters import RawRecord
from shared.messaging.recorder import Recorder
from shared.messaging.retention import tidying
from shared.settings import CommonSettings
from tests.support.gateway_events import CALLER, TENANT, WORKSPACE
from tests.support.told import told_by

NOW = datetime.now(UTC)
ACCOUNT = UUID(int=7)
AT: dict[str, Any] = {"database_url": SecretStr("postgresql://nowhere"), "kafka_bootstrap": "nowhere:1"}


class LaterClock:
    """A clock that stands so many days after `NOW`, however long ago that was."""

    def __init__(self, days: float) -> None:
        self._instant = NOW + timedelta(days=days)

    def now(self) -> datetime:
        return self._instant


@pytest.fixture
async def pools(database_url: str) -> AsyncIterator[Mapping[str, Pool]]:
    """Each service's own connections to one database."""
    async with AsyncExitStack() as stack:
        yield {
            service: await stack.enter_async_context(
                await create_pool(
                    database_url, schema=service, role=f"mailwright_{service}", application="test"
                )
            )
            for service in ("warmup", "threads", "gateway")
        }


async def tidy_after(days: float, pool: Pool, own: Sequence[Chore] = ()) -> None:
    """Let a service tidy as it will in so many days."""
    await tidying(pool, LaterClock(days), CommonSettings(**AT), own).tidy()


async def column(pool: Pool, query: str) -> list[Any]:
    return [row[0] for row in await pool.fetch(query)]


async def test_a_handled_request_stays_handled_when_its_answer_is_gone(pools: Mapping[str, Pool]) -> None:
    pool, recorder = pools["warmup"], Recorder(SystemClock(), RandomIds())
    request = recorder.event(
        WarmupRetryRequested(caller=CALLER),
        subject=ACCOUNT,
        tenant_id=TENANT,
        workspace_id=WORKSPACE,
        request_id=uuid4(),
    )
    assert request.request_id is not None
    failed = AccountRequestAnswered(
        request_id=request.request_id, outcome=Outcome.FAILED, subject_id=ACCOUNT, code="internal_error"
    )
    async with pool.acquire() as connection:
        assert await answers.begin(connection, recorder, request)
        await tidy_after(31, pool)
        assert await answers.answer(connection, recorder, request, failed), (
            "an open request has no answer yet"
        )
        await tidy_after(29, pool)
        assert not await answers.begin(connection, recorder, request)
        assert len(await told_by(pool)) == 2, "its answer is sent again"

        await tidy_after(31, pool)

        assert await column(pool, "select answer from handled_request") == [b""]
        assert not await answers.begin(connection, recorder, request)
        assert not await answers.answer(connection, recorder, request, failed)
    assert len(await told_by(pool)) == 2


async def test_only_dead_letters_that_were_replayed_go(pools: Mapping[str, Pool]) -> None:
    pool = pools["warmup"]
    async with pool.acquire() as connection:
        for offset in range(3):
            record = RawRecord("mailwright.accounts.v1", 0, offset, None, b"?", ())
            await dead_letters.keep(connection, record, code="not_readable", reason="It is not JSON.")
        ask = (
            "update dead_letters set replay_asked_at = now() where record_offset > 0 and replayed_at is null"
        )
        await connection.execute(ask)
        replayed, failing = [await dead_letters.take_asked(connection) for _ in range(2)]
        assert replayed is not None
        assert failing is not None
        assert failing.dead_letter_id is not None
        await dead_letters.replay_failed(connection, failing.dead_letter_id, reason="Again.")

        await tidy_after(29, pool)
        assert len(await column(pool, "select id from dead_letters")) == 3
        await tidy_after(31, pool)

        assert await column(pool, "select record_offset from dead_letters order by id") == [0, 2]
        await connection.execute(ask)
        again = await dead_letters.take_asked(connection)
        assert again is not None, "one whose replay failed can be replayed again"
        assert again.dead_letter_id == failing.dead_letter_id


async def test_mail_of_warmups_that_nobody_judges_and_old_judgements_go(pools: Mapping[str, Pool]) -> None:
    pool, own = pools["warmup"], chores_of_warmup(WarmupSettings(**AT))
    await pool.execute(
        """
        insert into warmup (account_id, tenant_id, workspace_id, address, account_version, status, version, created_at,
            updated_at, last_event_id, last_event_time, attempts, is_confirmed, day, total_sent, tries, goes_alone)
        values ($1, $1, $1, 'a@example.com', 1, 'ended', 1, $2, $2, $1, $2, 1, true, 1, 0, 0, false)
        """,
        ACCOUNT,
        NOW,
    )
    await pool.execute("insert into mail (message_id, account_id, sent_at) values ($1, $1, $2)", ACCOUNT, NOW)
    await pool.execute(
        "insert into warmup_day (account_id, day, total_sent, judgement, reason) values ($1, 1, 0, 'wait', '')",
        ACCOUNT,
    )
    await tidy_after(29, pool, own)
    assert len(await column(pool, "select message_id from mail")) == 1
    await tidy_after(31, pool, own)
    assert await column(pool, "select message_id from mail") == []
    assert await column(pool, "select day from warmup_day") == [1]
    await tidy_after(401, pool, own)
    assert await column(pool, "select day from warmup_day") == []


async def test_counts_of_days_go_and_what_is_not_worked_off_stays(pools: Mapping[str, Pool]) -> None:
    pool, own = pools["threads"], chores_of_threads(ThreadsSettings(**AT))
    await pool.execute(
        "insert into sent_day (account_id, day, messages) values ($1, $2, 3)", ACCOUNT, NOW.date()
    )
    await pool.execute(
        """
        insert into arrival (provider, event_id, event_type, received_at, due_at, mail_id)
        values ('agentmail', 'done', 'x', $1, null, null), ('agentmail', 'open', 'x', $1, $1, 'mail')
        """,
        NOW,
    )
    await tidy_after(6, pool, own)
    assert len(await column(pool, "select event_id from arrival")) == 2
    await tidy_after(30, pool, own)
    assert await column(pool, "select event_id from arrival") == ["open"]
    assert await column(pool, "select messages from sent_day") == [3]
    await tidy_after(32, pool, own)
    assert await column(pool, "select messages from sent_day") == []


ASK = """
    insert into request (id, kind, dialect, tenant_id, workspace_id, scope_id, key_id, user_id, subject_id, route,
        call_id, fingerprint, data, accepted_at, expires_at, state)
    values ($1, $2, 'puffle', $1, $1, $1, 'key', $1, $1, 'route', 'call', '', '{}', $3, $4, $5)
"""


async def test_requests_that_made_nothing_go_some_time_after_their_idempotency_keys(
    pools: Mapping[str, Pool],
) -> None:
    pool, own = pools["gateway"], chores_of_gateway(GatewaySettings(**AT))
    expiry = NOW + timedelta(days=7)
    for kind, state in (
        ("account.create", "answered"),
        ("thread.send_message", "open"),
        ("thread.send_message", "answered"),
        ("local", "answered"),
    ):
        await pool.execute(ASK, uuid4(), kind, NOW, expiry, state)

    await tidy_after(36, pool, own)
    assert len(await column(pool, "select id from request")) == 4
    await tidy_after(38, pool, own)

    left = await pool.fetch("select kind, state from request order by 1")
    assert [tuple(row) for row in left] == [("account.create", "answered"), ("thread.send_message", "open")]


async def test_markers_of_ended_keys_and_windows_that_are_over_go(pools: Mapping[str, Pool]) -> None:
    pool, own = pools["gateway"], chores_of_gateway(GatewaySettings(**AT))
    for key, revoked, expires in (
        ("revoked", NOW, None),
        ("expired", None, NOW),
        ("used", None, NOW + timedelta(days=9)),
    ):
        await pool.execute(
            """
            insert into api_key (id, prefix, dialect, name, user_id, secret_hash, scopes, created_at, revoked_at, expires_at)
            values ($1, 'pk_live', 'puffle', '', $2, '', '{}', $3, $4, $5)
            """,
            key,
            ACCOUNT,
            NOW,
            revoked,
            expires,
        )
        await pool.execute(
            "insert into read_marker values ($1, $2, $2, 'active', 'active', 1)",
            key,
            ACCOUNT,
        )
        await pool.execute("insert into rate_window values ($1, $2, 1)", key, NOW)
    await tidy_after(0.01, pool, own)
    assert len(await column(pool, "select key_id from rate_window")) == 3
    await tidy_after(2, pool, own)
    assert await column(pool, "select key_id from read_marker") == ["used"]
    assert await column(pool, "select key_id from rate_window") == []


async def test_one_process_tidies_at_a_time_portion_by_portion(
    pools: Mapping[str, Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "PORTION", 2)
    monkeypatch.setattr(tidy, "PAUSE_SECONDS", 0.0)
    pool, own = pools["threads"], chores_of_threads(ThreadsSettings(**AT))
    await pool.executemany(
        "insert into sent_day (account_id, day, messages) values ($1, $2, 1)",
        [(UUID(int=n), NOW.date()) for n in range(5)],
    )
    async with pool.acquire() as other, other.transaction():
        await other.execute("select pg_advisory_xact_lock($1, hashtext('threads'))", TIDY_LOCK)
        await tidy_after(40, pool, own)
        assert len(await column(pool, "select day from sent_day")) == 5

    await tidy_after(40, pool, own)

    assert await column(pool, "select day from sent_day") == []


async def test_a_report_that_nobody_works_off_any_more_goes(pools: Mapping[str, Pool]) -> None:
    pool, own = pools["threads"], chores_of_threads(ThreadsSettings(**AT))
    waiting, died, written = uuid4(), uuid4(), uuid4()
    for ref, kind in ((waiting, "report"), (died, "report"), (written, "message")):
        await pool.execute(
            "insert into content.part (id, tenant_id, kind, body) values ($1, $1, $2, '{}'::text::jsonb)",
            ref,
            kind,
        )
    await pool.execute(
        """
        insert into arrival (provider, event_id, event_type, content_ref, received_at, due_at)
        values ('agentmail', '1', 'message.received', $1, now(), now())
        """,
        waiting,
    )

    await tidy_after(29, pool, own)
    assert len(await column(pool, "select id from content.part")) == 3
    await tidy_after(31, pool, own)

    assert set(await column(pool, "select id from content.part")) == {waiting, written}
