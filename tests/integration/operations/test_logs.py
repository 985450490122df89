"""What an operator reads while a service waits for everything it needs: one line for each thing, and no other alarm."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from mailwright.ports import free_port
from tests.support.eventually import eventually
from tests.support.services import MASTER_KEYS, SERVICES

LOOKS = 20
NOWHERE = {
    "MAILWRIGHT_DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none",
    "MAILWRIGHT_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "MAILWRIGHT_MASTER_KEYS": MASTER_KEYS,
}


def alarms(log: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line for line in lines if line["level"] not in {"debug", "info"}]


@pytest.mark.parametrize("name", SERVICES)
async def test_each_trouble_is_one_line_of_the_log(name: str, tmp_path: Path) -> None:
    log, port = tmp_path / "service.log", free_port()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mailwright", "serve", name, "--port", str(port)),
            env={**os.environ, **NOWHERE},
            stdout=output,
            stderr=output,
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as service:

            async def has_looked() -> bool:
                try:
                    return (await service.get("/health/ready")).status_code == 503
                except httpx.TransportError:
                    return False

            await eventually(has_looked)
            await eventually(lambda: len(alarms(log)) >= 2)
            for _ in range(LOOKS):  # each of these looks at the database again
                assert (await service.get("/health/ready")).status_code == 503
            assert (await service.get("/health/live")).status_code == 200
    finally:
        process.terminate()
        await process.wait()

    said = alarms(log)
    assert {line["event"] for line in said} == {"waiting_to_start"}
    assert {line["what"] for line in said} == {"database", "topics"}
    for what in ("database", "topics"):
        times = [datetime.fromisoformat(line["timestamp"]) for line in said if line["what"] == what]
        assert all((later - earlier).total_seconds() > 9 for earlier, later in pairwise(times))
    assert "secret" not in log.read_text()
