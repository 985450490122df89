"""`mailwright thread` makes one call per command, prints the answer as asked, and says in one line what went wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mailwright.cli import app

CREATED = (
    b'{"thread": {"id": "t1", "draft_subject": "Gr\xc3\xbc\xc3\x9fe"}, "existing_threads": {"exists": false}}'
)


class Api:
    """An API that remembers its calls and answers all of them alike."""

    def __init__(self, status: int, body: bytes) -> None:
        self.calls: list[dict[str, Any]] = []
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length", 0)))
                calls.append(
                    {"call": f"{self.command} {self.path}", "headers": dict(self.headers), "body": sent}
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815  the library's name

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def api(status: int = 200, body: bytes = b"{}") -> Iterator[Api]:
    """Run an API until the end of the block."""
    running = Api(status, body)
    thread = threading.Thread(target=running.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        running.server.shutdown()
        thread.join()
        running.server.server_close()


def run(target: Api | None, *words: str, key: str = "pk_live_1_2", data_dir: Path | None = None) -> Result:
    """Run a command against an API."""
    env = {"MAILWRIGHT_API_URL": target.url, "MAILWRIGHT_API_KEY": key} if target else {}
    more = ["--data-dir", str(data_dir or "/nowhere")]
    return CliRunner(env={"MAILWRIGHT_API_URL": "", "MAILWRIGHT_API_KEY": "", **env}).invoke(
        app, ["thread", *words, *more]
    )


@pytest.mark.contract("S3-3", "S3-8")
def test_create_sends_the_fields_that_were_given_and_prints_the_answer() -> None:
    with api(201, CREATED) as target:
        done = run(
            target, "create", "--participant-email", "a@b.example", "--account-id", "8a2f", "--participant-name", "A",
            "--draft-subject", "Grüße", "--draft-body-text", "Hi\nyou", "--draft-body-html", "<p>", "--draft-cc", "c@d.example",
            "--draft-bcc", "", "--draft-attachments", '[{"path": "p"}]', "--idempotency-key", "once",
        )  # fmt: skip

    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(CREATED)
    assert done.stdout.count("\n") == 1
    assert "Grüße" in done.stdout
    (call,) = target.calls
    assert call["call"] == "POST /api/threads"
    assert call["headers"]["authorization"] == "Bearer pk_live_1_2"
    assert call["headers"]["idempotency-key"] == "once"
    assert json.loads(call["body"]) == {
        "participant_email": "a@b.example", "account_id": "8a2f", "participant_name": "A", "draft_subject": "Grüße",
        "draft_body_text": "Hi\nyou", "draft_body_html": "<p>", "draft_cc": "c@d.example", "draft_bcc": "",
        "draft_attachments": [{"path": "p"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (
            ("send", "t/1", "--body-text", "Hi", "--threading-mode", "reply"),
            "POST /api/threads/t%2F1/messages",
        ),
        (("list", "--view", "inbox", "--page", "2"), "GET /api/threads?view=inbox&page=2"),
        (("list",), "GET /api/threads"),
        (("show", "t1"), "GET /api/threads/t1"),
        (("attach", "t1", __file__), "POST /api/threads/t1/attachments"),
    ],
)
def test_every_command_is_one_call(words: tuple[str, ...], made: str) -> None:
    with api() as target:
        assert run(target, *words).exit_code == 0

    assert [call["call"] for call in target.calls] == [made]


def test_a_file_is_attached_under_its_name() -> None:
    with api() as target:
        run(target, "attach", "t1", __file__)

    (call,) = target.calls
    assert call["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="test_thread_command.py"' in call["body"]
    assert Path(__file__).read_bytes() in call["body"]


def test_an_answer_is_printed_for_people_or_as_it_came() -> None:
    with api(200, CREATED) as target:
        pretty = run(target, "show", "t1", "--format", "pretty")
        raw = run(target, "show", "t1", "--format", "raw")

    assert pretty.stdout == json.dumps(json.loads(CREATED), indent=2, ensure_ascii=False) + "\n"
    assert raw.stdout_bytes == CREATED


def test_what_is_still_being_worked_on_is_said_beside_the_answer() -> None:
    with api(202, CREATED) as target:
        done = run(target, "create", "--draft-subject", "x")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == json.loads(CREATED)
    assert done.stderr.count("\n") == 1


@pytest.mark.contract("S3-29")
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b'{"error": "There is no such thread.", "code": "not_found", "request_id": "c1"}', "There is no such thread. (not_found, call c1)"),
        (409, b'{"error": "There is\\na thread.", "code": "thread_exists", "request_id": "c", "existing_thread": {"id": "t9"}}', "There is a thread. (thread_exists, thread t9, call c)"),
        (502, b"<html>gateway</html>", "the API answered 502"),
        (200, b"<html>hello</html>", "the answer is not JSON: is MAILWRIGHT_API_URL right?"),
        (302, b"", "the API answered 302"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line_on_stderr(status: int, body: bytes, said: str) -> None:
    with api(status, body) as target:
        done = run(target, "show", "t1")

    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"mailwright: {said}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "--draft-attachments", "{}"), "--draft-attachments must be a JSON array"),
        (("send", "t", "--body-text", "x", "--attachments", "[{"), "--attachments must be a JSON array"),
        (("attach", "t", "/nowhere/file"), "cannot read /nowhere/file: No such file or directory"),
    ],
)
def test_an_option_that_cannot_be_meant_is_one_line_too(words: tuple[str, ...], said: str) -> None:
    with api() as target:
        done = run(target, *words)

    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"mailwright: {said}\n")
    assert target.calls == []


@pytest.mark.parametrize("key", ["a\nb", "ä", "a\r\nX-Evil: 1"])
def test_a_malformed_key_is_one_line_too(key: str) -> None:
    with api() as target:
        done = run(target, "list", key=key)

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert key not in done.stderr
    assert target.calls == []


def test_the_stack_that_runs_here_is_called_unless_another_is_named(tmp_path: Path) -> None:
    with api() as target:
        demo = {"base_url": target.url, "keys": {"puffle": "pk_live_demo"}}
        (tmp_path / "demo.json").write_text(json.dumps(demo))
        assert run(None, "list", data_dir=tmp_path).exit_code == 0
        assert target.calls[0]["headers"]["authorization"] == "Bearer pk_live_demo"

    done = run(None, "list", data_dir=tmp_path)
    assert (done.exit_code, done.stderr) == (1, f"mailwright: the API at {target.url} does not answer\n")
    (tmp_path / "demo.json").unlink()
    assert run(None, "list", data_dir=tmp_path).exit_code == 1
