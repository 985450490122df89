"""Our own HTTP client tells a cut connection from one that was never made, and repeats nothing by itself."""

import httpx
import pytest

from mailwright.ports import free_port
from shared.http.client import build_client
from tests.support.simulator import HEADERS, Simulated

INBOXES = "/agentmail/v0/inboxes"


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", INBOXES, "inboxes.list"),
        ("DELETE", f"{INBOXES}/ada@myagentmail.com", "inboxes.delete"),
        ("POST", INBOXES, "inboxes.create"),
    ],
)
async def test_a_cut_connection_is_an_unknown_outcome_of_one_call(
    simulator: Simulated, method: str, path: str, operation: str
) -> None:
    simulator.fault("agentmail", operation, "drop", when="after", times=1)
    async with build_client(simulator.url, headers=HEADERS) as client:
        await client.get("/health/live")  # the next call goes over a kept connection

        with pytest.raises(httpx.ReadError):
            await client.request(method, path)

    assert len(simulator.calls(operation)) == 1


async def test_a_connection_that_was_never_made_says_so() -> None:
    async with build_client(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
            await client.get("/")


async def test_an_answer_that_does_not_come_is_a_read_timeout(simulator: Simulated) -> None:
    simulator.fault("agentmail", "inboxes.list", "timeout", times=1)
    async with build_client(simulator.url, headers=HEADERS, read_seconds=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(INBOXES)
