"""A one-off mail from the command line: drafted, given a file, sent once, listed and shown, on a real stack."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.contract.puffle.driver import Json, Puffle
from tests.contract.puffle.threads import mails, sender, somebody
from tests.support.simulator import Simulated
from tests.support.stack import RunningStack


@pytest.mark.contract("S3-3", "S3-6")
async def test_a_mail_is_written_and_sent_from_the_command_line(
    stack: RunningStack, puffle: Puffle, domain: Json, sim: Simulated, tmp_path: Path
) -> None:
    account, grace = await sender(puffle, domain, "typist"), somebody()
    notes = tmp_path / "notes.txt"
    notes.write_text("three compilers")

    code, said, _ = await run(
        stack,
        "create",
        "--account-id",
        account["id"],
        "--participant-email",
        grace,
        "--draft-subject",
        "Compilers",
    )
    assert code == 0, said
    thread = json.loads(said)["thread"]["id"]
    file = json.loads((await run(stack, "attach", thread, str(notes)))[1])["attachment"]
    once = (
        "send",
        thread,
        "--body-text",
        "Which one?",
        "--attachments",
        json.dumps([file]),
        "--idempotency-key",
        thread,
    )
    first, again = await run(stack, *once), await run(stack, *once)
    shown = await run(stack, "show", thread, "--format", "pretty")
    listed = await run(stack, "list", "--view", "sent", "--participant-email", grace, "--format", "raw")
    code, _, refused = await run(
        stack,
        "create",
        "--account-id",
        account["id"],
        "--participant-email",
        grace,
        "--draft-subject",
        "Again",
    )

    assert first == again
    message = json.loads(first[1])["message"]
    assert (message["status"], message["attachments"][0]["name"]) == ("sent", "notes.txt")
    assert len(mails(sim, message["message_id"])) == 1
    assert [each["body_text"] for each in json.loads(shown[1])["messages"]] == ["Which one?"]
    assert [each["id"] for each in json.loads(listed[1])["threads"]] == [thread]
    assert code == 1
    assert refused.startswith("mailwright: ")
    assert refused.count("\n") == 1
    assert f"(thread_exists, thread {thread}, call " in refused


async def run(stack: RunningStack, *words: str) -> tuple[int | None, str, str]:
    """Run a command against the stack that its data directory names; returns its exit code and what it said."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAILWRIGHT_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mailwright", "thread", *words, "--data-dir", str(stack.data_dir)),
        env=inherited,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()
