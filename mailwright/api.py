"""Calls of the public API from the command line: whose key, what is printed, and one line for whatever goes wrong."""

import asyncio
import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeAlias

import httpx
import typer

from mailwright.console import say
from mailwright.data_dir import read_json
from mailwright.errors import StartError
from shared.http.client import build_client

LONGEST_CALL_SECONDS = 90.0
"""Longer than any call waits for its answer."""


class Format(StrEnum):
    """How an answer is printed: on one line, for people, or byte by byte as it came."""

    JSON = "json"
    PRETTY = "pretty"
    RAW = "raw"


PrintAs: TypeAlias = Annotated[Format, typer.Option("--format", help="How the answer is printed.")]
DataDir: TypeAlias = Annotated[
    Path,
    typer.Option(
        help="The stack that is called, unless MAILWRIGHT_API_URL and MAILWRIGHT_API_KEY name another."
    ),
]
IdempotencyKey: TypeAlias = Annotated[
    str | None, typer.Option(help="The same key with the same call gives the first answer again.")
]


class ApiFailure(Exception):
    """A call that came to nothing; the message is one line for a person."""


def call(
    method: str,
    path: str,
    data_dir: Path,
    print_as: Format,
    *,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    file: Path | None = None,
    idempotency_key: str | None = None,
) -> None:
    """Make one call and print its answer; fields and parameters that are None are left out.

    A failure is one line on stderr and exit code 1.
    """
    try:
        url, key = _target(data_dir)
        content = {"file": (file.name, file.read_bytes())} if file else None
        request = httpx.Request(
            method,
            f"{url}{path}",
            params=_given(query) or None,
            json=None if body is None else _given(body),
            files=content,
            headers={"Authorization": f"Bearer {key}"}
            | ({"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}),
        )
        answer = asyncio.run(_send(url, request))
        if not answer.is_success:
            raise ApiFailure(_sentence(answer))
        _show(answer, print_as)
    except OSError as failure:
        _fail(f"cannot read {failure.filename}: {failure.strerror}")
    except httpx.HTTPError:
        _fail(f"the API at {url} does not answer")
    except (httpx.InvalidURL, ValueError):
        _fail("the call cannot be made: the URL, the key or the Idempotency-Key is malformed")
    except (StartError, ApiFailure) as failure:
        _fail(str(failure))
    if answer.status_code == httpx.codes.ACCEPTED:
        say("mailwright: accepted, and still being worked on: look at it again")


def array(option: str, text: str | None) -> list[Any] | None:
    """Return an option that is a JSON array; a failure is one line and exit code 1."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, list):
        _fail(f"{option} must be a JSON array")
    return value


async def _send(url: str, request: httpx.Request) -> httpx.Response:
    async with build_client(url, read_seconds=LONGEST_CALL_SECONDS, connections=1) as client:
        return await client.send(request)


def _target(data_dir: Path) -> tuple[str, str]:
    """Return where the API answers, and the key to call it with: of the environment, else of the stack here."""
    demo = read_json(data_dir / "demo.json")
    url = os.environ.get("MAILWRIGHT_API_URL") or demo.get("base_url")
    key = os.environ.get("MAILWRIGHT_API_KEY") or demo.get("keys", {}).get("puffle")
    if not url or not key:
        raise ApiFailure(
            f"no API to call: set MAILWRIGHT_API_URL and MAILWRIGHT_API_KEY, or start the stack of {data_dir} first"
        )
    return str(url).rstrip("/"), str(key)


def _given(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (fields or {}).items() if value is not None}


def _show(answer: httpx.Response, print_as: Format) -> None:
    if print_as is Format.RAW:
        typer.echo(answer.content, nl=False)
        return
    value = _json(answer)
    if print_as is Format.PRETTY:
        typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
    else:
        typer.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _sentence(answer: httpx.Response) -> str:
    """Return what the API refused, in one line: its sentence, its code, and the thread that is there already (S3-29)."""
    try:
        body = _json(answer)
    except ApiFailure:
        body = None
    if not isinstance(body, dict) or "error" not in body:
        return f"the API answered {answer.status_code}"
    existing = body.get("existing_thread")
    hint = f", thread {existing['id']}" if isinstance(existing, dict) and "id" in existing else ""
    return " ".join(f"{body['error']} ({body.get('code')}{hint}, call {body.get('request_id')})".split())


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise ApiFailure("the answer is not JSON: is MAILWRIGHT_API_URL right?") from error


def _fail(sentence: str) -> NoReturn:
    say(f"mailwright: {sentence}")
    raise typer.Exit(1)
