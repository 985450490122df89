"""The gateway in trouble: database away, broker away, too many callers, a bug, a stop, a crash between two steps."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from mailwright.ports import free_port
from shared.contracts.envelope import ACCOUNTS as ACCOUNTS_TOPIC
from shared.db.pool import create_pool
from shared.messaging.broker import KafkaSettings
from shared.messaging.topics import create_topics
from tests.support.eventually import eventually
from tests.support.gateway import NO_BROKER, GatewaySide, answer_to, came_to_be, gateway_side
from tests.support.link import Link, link_to

ACCOUNTS = "/api/email/accounts"
BODY = {"username": "ada", "domain_id": "0199aaaa-0000-7000-8000-00000000000d"}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
async def link(database_url: str) -> AsyncIterator[Link]:
    """The gateway's way to its database."""
    at = urlsplit(database_url)
    async with link_to(at.hostname or "127.0.0.1", at.port or 5432) as made:
        yield made


@pytest.fixture
async def linked(database_url: str, link: Link) -> AsyncIterator[GatewaySide]:
    """A gateway that reaches its database over the link."""
    async with gateway_side(database_url, reach_database_at=over(link, database_url)) as running:
        yield running


def over(link: Link, url: str) -> str:
    """The same database, reached over a link."""
    at = urlsplit(url)
    return at._replace(netloc=at.netloc.rpartition("@")[0] + f"@127.0.0.1:{link.port}").geturl()


async def status(client: httpx.AsyncClient, path: str) -> int:
    return (await client.get(path)).status_code


@pytest.mark.promise("R07")
async def test_without_its_database_it_says_so_and_comes_back_by_itself(
    linked: GatewaySide, link: Link
) -> None:
    async with linked.client(await linked.key()) as api:
        assert await status(api, "/health/ready") == 200
        waiting = asyncio.create_task(api.post(ACCOUNTS, json=BODY, headers={"Idempotency-Key": "before"}))
        [request] = await linked.open_requests()

        link.cut()
        refused = [
            await api.get(ACCOUNTS),
            await api.post(ACCOUNTS, json=BODY, headers={"Idempotency-Key": "k"}),
            await api.patch(f"{ACCOUNTS}/{BODY['domain_id']}/retry-warmup"),
        ]
        assert await status(api, "/health/live") == 200
        assert await status(api, "/health/ready") == 503

        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert len(await linked.events()) == 1
        link.mend()
        await linked.project(*came_to_be(request), answer_to(request, needs={"account": 1}))
        assert (await waiting).status_code == 201
        again = await api.post(ACCOUNTS, json=BODY, headers={"Idempotency-Key": "k", **ASYNC})
        assert again.status_code == 202
        assert await status(api, "/health/ready") == 200


async def test_it_starts_while_its_database_is_away(database_url: str, link: Link) -> None:
    link.cut()
    async with (
        gateway_side(database_url, reach_database_at=over(link, database_url)) as gateway,
        gateway.client(await gateway.key()) as api,
    ):
        assert await status(api, "/health/live") == 200
        assert await status(api, "/health/ready") == 503
        assert await status(api, ACCOUNTS) == 503
        link.mend()

        async def is_ready() -> bool:  # a look that began before finds nothing yet
            return await status(api, "/health/ready") == 200

        await eventually(is_ready)
        assert await status(api, ACCOUNTS) == 200


@pytest.mark.promise("R26")
async def test_too_many_waiting_calls_are_refused_before_anything_is_written(database_url: str) -> None:
    async with (
        gateway_side(database_url, gateway_waiting_calls=1) as gateway,
        gateway.client(await gateway.key()) as api,
    ):
        first = asyncio.create_task(api.post(ACCOUNTS, json=BODY))
        [request] = await gateway.open_requests()

        refused = await api.post(ACCOUNTS, json={**BODY, "username": "bob"})
        unhurried = await api.post(ACCOUNTS, json={**BODY, "username": "eve"}, headers=ASYNC)

        assert (refused.status_code, refused.json()["code"]) == (503, "service_unavailable")
        assert refused.headers["retry-after"] == "2"
        assert unhurried.status_code == 202
        assert len(await gateway.events()) == 2
        await gateway.project(*came_to_be(request), answer_to(request, needs={"account": 1}))
        assert (await first).status_code == 201


async def test_what_nobody_foresaw_says_nothing_about_itself(
    gateway: GatewaySide, api: httpx.AsyncClient
) -> None:
    owner = await create_pool(gateway.database_url, schema="gateway", role="none", application="test")
    async with owner:
        await owner.execute("alter table request rename column route to way")

    answer = await api.post(ACCOUNTS, json=BODY)

    assert answer.status_code == 500
    assert answer.json() == {
        "error": "Something went wrong on our side.",
        "code": "internal_error",
        "request_id": answer.headers["x-request-id"],
    }


async def test_a_failure_before_the_commit_leaves_nothing(
    gateway: GatewaySide, api: httpx.AsyncClient, arm: Callable[[str], None]
) -> None:
    arm("gateway.accept.before_commit")

    answer = await api.post(ACCOUNTS, json=BODY, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert await gateway.pool.fetchval("select count(*) from request") == 0
    assert await gateway.events() == []


async def test_a_failure_after_the_commit_is_healed_by_asking_again(
    gateway: GatewaySide, api: httpx.AsyncClient, arm: Callable[[str], None]
) -> None:
    arm("gateway.accept.after_commit")
    headers = {"Idempotency-Key": "k"}
    assert (await api.post(ACCOUNTS, json=BODY, headers=headers)).status_code == 500
    [request] = await gateway.open_requests()

    again = asyncio.create_task(api.post(ACCOUNTS, json=BODY, headers=headers))
    await gateway.project(*came_to_be(request), answer_to(request, needs={"account": 1}))

    assert (await again).status_code == 201
    assert (await again).headers["idempotent-replayed"] == "true"
    assert len(await gateway.events()) == 1


@pytest.mark.promise("R05")
async def test_what_was_accepted_without_a_broker_is_published_when_there_is_one(
    database_url: str, kafka_bootstrap: str
) -> None:
    await create_topics(KafkaSettings(bootstrap=kafka_bootstrap, idempotence=False, partitions=4))
    async with gateway_side(database_url) as without_broker:
        key = await without_broker.key()
        async with without_broker.client(key) as api:
            answer = await api.post(ACCOUNTS, json=BODY, headers=ASYNC)
    assert answer.status_code == 202

    async with gateway_side(database_url, kafka_bootstrap=kafka_bootstrap) as gateway:

        async def came_back() -> bool:
            return bool(
                await gateway.pool.fetchval("select count(*) from event where topic = $1", ACCOUNTS_TOPIC)
            )

        await eventually(came_back)
        async with gateway.client(key) as api:
            history = (await api.get(answer.headers["location"] + "/history")).json()["history"]
    assert [entry["event"] for entry in history] == ["account.requested"]


@pytest.mark.promise("R20")
async def test_a_stop_answers_every_waiting_call_at_once(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    settings = {"MAILWRIGHT_DATABASE_URL": database_url, "MAILWRIGHT_KAFKA_BOOTSTRAP": NO_BROKER}
    log = tmp_path / "gateway.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mailwright", "serve", "gateway", "--port", str(port)),
            env={**os.environ, **settings},
            stdout=output,
            stderr=output,
        )
    pool = await create_pool(database_url, schema="gateway", role="mailwright_gateway", application="test")
    try:
        gateway = GatewaySide(f"http://127.0.0.1:{port}", pool, database_url)
        async with gateway.client(await gateway.key()) as api:

            async def is_up() -> bool:
                try:
                    return await status(api, "/health/ready") == 200
                except httpx.TransportError:
                    return False

            await eventually(is_up, what="the gateway is ready")
            waiting = [
                asyncio.create_task(api.post(ACCOUNTS, json={**BODY, "username": f"a{number}"}))
                for number in range(5)
            ]
            await gateway.open_requests(5)

            process.send_signal(signal.SIGTERM)
            answers = await asyncio.wait_for(asyncio.gather(*waiting), 3)

            assert {answer.status_code for answer in answers} == {202}
            assert await asyncio.wait_for(process.wait(), 4) in {0, -signal.SIGTERM}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        pool.terminate()
