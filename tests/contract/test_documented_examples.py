"""The examples in the pages for clients work in the order they stand in, and answer what stands below them."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import RunningStack, running_stack

PAGES = Path(__file__).parents[2] / "docs" / "api"
EXAMPLE = re.compile(r"^```bash\n(.*?)^```\n\n```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
MARK = "=== next ==="
ANY = "…"
SETTINGS = {"MAILWRIGHT_DOMAIN_POLL_SECONDS": "2", "MAILWRIGHT_SIMULATOR_VERIFY_SECONDS": "1"}
"""The provider is done with a domain, and looked at again, after its creation was answered: the pages show it as it is then."""


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[RunningStack]:
    async with running_stack(env=SETTINGS) as running:
        yield running


@pytest.mark.parametrize("dialect", ["puffle", "myagentmail", "sendmux"])
async def test_the_examples_of_a_page_answer_what_it_says(dialect: str, stack: RunningStack) -> None:
    page = (PAGES / f"{dialect}.md").read_text()
    examples = EXAMPLE.findall(page)
    assert len(examples) == page.count("```bash"), "every command is followed by its answer"

    said = await run(f"\necho; echo '{MARK}'\n".join(command for command, _ in examples), dialect, stack)

    answers = [json.loads(text) for text in said.split(MARK)]
    for (command, documented), answer in zip(examples, answers, strict=True):
        different = "; ".join(differences(json.loads(documented), answer, "answer"))
        assert not different, f"{command}\nanswered {json.dumps(answer)}\n{different}"


async def run(script: str, dialect: str, stack: RunningStack) -> str:
    """Run a script as a reader would type it, and return what it printed."""
    keys = {f"{name.upper()}_KEY": key for name, key in stack.keys.items()}
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "BASE_URL": stack.base_url, **keys},
    )
    async with asyncio.timeout(240):
        printed, complaints = await process.communicate()
    assert process.returncode == 0, f"{dialect}: {complaints.decode()}\n{printed.decode()[-2_000:]}"
    return printed.decode()


def differences(documented: Any, answer: Any, where: str) -> list[str]:
    """Say where an answer is of another shape than documented; `…` stands for any text, a number for any number, [] for any list."""
    match documented:
        case dict() if set(documented) == {ANY} and isinstance(answer, dict) and answer:
            return [each for value in answer.values() for each in differences(documented[ANY], value, where)]
        case dict() if isinstance(answer, dict):
            odd = sorted(documented.keys() ^ answer.keys())
            found = [f"{where}: {', '.join(odd)} on one side only"] if odd else []
            shared = documented.keys() & answer.keys()
            return found + [
                each
                for name in shared
                for each in differences(documented[name], answer[name], f"{where}.{name}")
            ]
        case [first, *_] if isinstance(answer, list) and answer:
            return differences(first, answer[0], f"{where}[0]")
        case []:
            is_same = isinstance(answer, list)
        case bool() | None:
            is_same = documented == answer
        case str():
            is_same = isinstance(answer, str) and (ANY in documented or documented == answer)
        case int() | float():
            is_same = isinstance(answer, int | float)
        case _:
            is_same = False
    return [] if is_same else [f"{where}: {answer!r} instead of {documented!r}"]
