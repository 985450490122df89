"""The services as apps in the test's own process, with nothing but a database and a broker given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.gateway import bootstrap as gateway
from services.gateway.settings import GatewaySettings
from services.provisioner import bootstrap as provisioner
from services.provisioner.settings import ProvisionerSettings
from services.threads import bootstrap as threads
from services.threads.settings import ThreadsSettings
from services.warmup import bootstrap as warmup
from services.warmup.settings import WarmupSettings
from shared.messaging.broker import KafkaSettings

SERVICES = ("gateway", "provisioner", "warmup", "threads")
NOWHERE = "http://127.0.0.1:1"
MASTER_KEYS = "1:" + "A" * 43 + "="


@asynccontextmanager
async def running_service(
    name: str, database_url: str, kafka: KafkaSettings
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a service, its providers out of reach, and yield a client of its HTTP side."""
    settings: dict[str, Any] = {
        "database_url": database_url,
        "kafka_bootstrap": kafka.bootstrap,
        "kafka_idempotence": kafka.idempotence,
        "kafka_fetch_max_wait_ms": kafka.fetch_max_wait_ms,
        "kafka_session_timeout_ms": kafka.session_timeout_ms,
        "kafka_leave_group": kafka.leave_group,
        "topic_partitions": kafka.partitions,
        "master_keys": MASTER_KEYS,
        "agentmail_url": NOWHERE,
        "instantly_url": NOWHERE,
        "cloudflare_url": NOWHERE,
    }
    app: Any
    if name == "gateway":
        app = gateway.build(GatewaySettings.model_validate(settings))
    elif name == "provisioner":
        app = provisioner.build(ProvisionerSettings.model_validate(settings))
    elif name == "threads":
        app = threads.build(ThreadsSettings.model_validate(settings))
    else:
        app = warmup.build(WarmupSettings.model_validate(settings))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{name}")
    async with app.router.lifespan_context(app), client:
        yield client
