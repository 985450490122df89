"""No text that a client writes becomes more than text: seven hundred attempts over real HTTP, each in a few fields.

All of them in all fields are held against the shapes of bodies alone, in tests/unit/gateway/test_injections.py.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.clock import RandomIds
from tests.support.gateway import GatewaySide, Key, gateway_side
from tests.support.injections import controls_in, injections
from tests.support.thread_events import thread_fact

AT_ONCE = 16
DRAFT = (
    "participant_email", "participant_name", "draft_subject", "draft_body_text", "draft_body_html", "draft_cc", "draft_bcc",
)  # fmt: skip
MESSAGE = ("body_text", "body_html", "subject", "cc", "bcc", "threading_mode")
LINES = {"text", "html"}
"""Parts of mail content that may have several lines; everything else ends up in a header."""
REFUSED = {400, 404, 413, 422}


@dataclass(frozen=True)
class Attempt:
    """One call with one hostile text in one place."""

    place: str
    text: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    query: dict[str, str] | None = None


@pytest.fixture
async def gateway(database_url: str, tmp_path: Path) -> AsyncIterator[GatewaySide]:
    """A gateway that keeps files in a folder."""
    async with gateway_side(database_url, object_store_url=tmp_path.as_uri()) as running:
        yield running


@pytest.mark.promise("R34")
async def test_no_control_character_gets_past_the_edge(
    gateway: GatewaySide, key: Key, api: httpx.AsyncClient
) -> None:
    thread_id = RandomIds().new()
    await gateway.project(thread_fact(thread_id, 1, tenant_id=key.tenant_id, workspace_id=key.workspace_id))
    texts = injections()
    assert len(texts) >= 600
    answers: dict[tuple[str, int], list[str]] = {}
    left = iter(list(attempts(texts, thread_id)))

    async def work() -> None:
        for attempt in left:
            status = await made(api, attempt)
            answers.setdefault((attempt.place, status), []).append(attempt.text)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    statuses = Counter(status for _, status in answers)
    assert set(statuses) <= {200, 201, 202, *REFUSED}, statuses
    taken = {place for place, status in answers if status not in REFUSED}
    refused = {place for place, status in answers if status in REFUSED}
    assert taken >= {"participant_name", "draft_subject", "draft_body_text", "subject", "body_text"}
    assert refused >= {*DRAFT, *MESSAGE}
    assert not [text for (place, status), each in answers.items() for text in each
                if status not in REFUSED and is_header(place) and controls_in(text.strip(" "))]  # fmt: skip
    assert_nothing_kept(await gateway.pool.fetch("select kind, body::text as body from content.part"))
    requested = [json.loads(each["data"]) for each in await gateway.events()]
    names = [
        each.get(field) or "" for each in requested for field in ("participant_name", "participant_email")
    ]
    assert any(names)
    assert not [name for name in names if controls_in(name)]


def attempts(texts: list[str], thread_id: UUID) -> Iterator[Attempt]:
    """Yield every text in one field of a draft and one of a message, and of every fifth one also in other places."""
    thread, chance = f"/api/threads/{thread_id}", Random(7)
    for number, text in enumerate(texts):
        for field in chance.sample(DRAFT, 1):
            yield Attempt(field, text, "POST", "/api/threads", {"draft_body_text": "x", field: text})
        for field in chance.sample(MESSAGE, 1):
            body = {"body_text": "x", "subject": "x", field: text}
            yield Attempt(field, text, "POST", f"{thread}/messages", body)
        if number % 5 == 0:
            field = DRAFT[number // 5 % len(DRAFT)]
            yield Attempt(field, text, "PATCH", thread, {field: text})
            for name in ("search", "participant_email", "view"):
                yield Attempt(f"?{name}", text, "GET", "/api/threads", query={name: text[:5000]})
            file = {"name": text, "bucket": "attachments", "path": text, "mime_type": text, "size": 1}
            yield Attempt(
                "attachments", text, "POST", f"{thread}/messages", {"body_text": "x", "attachments": [file]}
            )


async def made(api: httpx.AsyncClient, attempt: Attempt) -> int:
    """Make the call without waiting for anybody, and return its status."""
    content = None if attempt.body is None else json.dumps(attempt.body).encode()
    query = {name: text.encode(errors="surrogatepass") for name, text in (attempt.query or {}).items()}
    url = httpx.URL(attempt.path, params=query or None)
    headers = {
        "Prefer": "respond-async",
        "Content-Type": "application/json",
        "Idempotency-Key": str(RandomIds().new()),
    }
    try:
        answer = await api.request(attempt.method, url, content=content, headers=headers)
    except httpx.TransportError:  # a connection that was kept for long ends just when it is used again
        answer = await api.request(attempt.method, url, content=content, headers=headers)
    assert answer.status_code < 500, (attempt, answer.text)
    return answer.status_code


def is_header(place: str) -> bool:
    """Whether what is written here ends up in a header."""
    return not place.startswith("?") and place.rpartition("_")[2] not in LINES


def assert_nothing_kept(pieces: list[Any]) -> None:
    """No header has a control character, and no text another than ends of lines and tabs."""
    assert len(pieces) > 100
    for piece in pieces:
        for field, value in json.loads(piece["body"]).items():
            if isinstance(value, str):
                assert not controls_in(value, but="\n\t" if field in LINES else ""), (field, value)


@pytest.mark.promise("R34")
async def test_no_control_character_is_in_the_name_of_a_file(
    gateway: GatewaySide, key: Key, api: httpx.AsyncClient
) -> None:
    thread_id = RandomIds().new()
    await gateway.project(thread_fact(thread_id, 1, tenant_id=key.tenant_id, workspace_id=key.workspace_id))
    path = f"/api/threads/{thread_id}/attachments"

    for text in injections()[::5]:
        raw = text.replace("\\", "\\\\").replace('"', '\\"').encode(errors="surrogatepass")
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + raw + b'"\r\n\r\n'
        answer = await api.post(
            path,
            content=head + b"x\r\n--b--\r\n",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert answer.status_code in {201, 400}, (text, answer.text)
        if answer.status_code == 201:
            attachment = answer.json()["attachment"]
            assert not controls_in(attachment["name"]), text
            shown = await api.get(attachment["url"])
            assert shown.status_code == 200, text
            assert set(shown.headers) == {
                "date", "server", "content-type", "content-length", "content-disposition", "x-content-type-options",
                "content-security-policy", "cross-origin-resource-policy", "cache-control", "referrer-policy", "x-request-id",
            }  # fmt: skip
