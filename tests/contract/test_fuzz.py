"""Calls that nobody thought of: whatever is sent, the answer is a documented one, and never our own fault."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.support.stack import RunningStack, running_stack

DIALECTS = {
    "puffle": "^/api/(email|senders|accounts|threads|suppressions)",
    "myagentmail": "^/v1/",
    "sendmux": "^/api/v1/",
}
"""Which paths each dialect's key is good for."""
CASES = 5_000
EXAMPLES_PER_OPERATION = 22
LONGEST_SECONDS = 650.0
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance",
)  # fmt: skip
SETTINGS = {"MAILWRIGHT_GATEWAY_SENDMUX_CALLS_PER_MINUTE": "1000000"}


async def test_no_call_gets_an_answer_that_is_not_documented(tmp_path: Path) -> None:
    async with running_stack(env=SETTINGS) as stack:
        reports = await asyncio.gather(*(fuzz(stack, dialect, tmp_path) for dialect in DIALECTS))

    assert sum(reports) >= CASES


async def fuzz(stack: RunningStack, dialect: str, folder: Path) -> int:
    """Send one dialect what its document allows and what it forbids; returns how many calls were judged.

    Nobody waits for the work that these calls begin, and links lead from what they made to the calls about it.
    """
    report = folder / f"{dialect}.json"
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        *("run", f"{stack.base_url}/openapi.json", "--url", stack.base_url),
        *("--include-path-regex", DIALECTS[dialect]),
        *("-H", f"Authorization: Bearer {stack.keys[dialect]}", "-H", "Prefer: respond-async"),
        *("--phases", "examples,coverage,fuzzing,stateful", "--checks", ",".join(CHECKS)),
        *("--max-examples", str(EXAMPLES_PER_OPERATION), "--seed", "1", "--no-shrink"),
        *("--suppress-health-check", "too_slow"),  # how fast calls are thought of is no matter of ours
        *("--report", "json", "--report-json-path", str(report), "--no-color"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
    )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()[-6_000:]
    return generated(json.loads(report.read_text()))


def generated(report: dict[str, Any]) -> int:
    """Return how many cases a report counts."""
    return int(report["test_cases"]["generated"])
