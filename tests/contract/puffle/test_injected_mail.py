"""Mail that hostile clients write reaches the provider without a control character in anything that becomes a header."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest

from tests.contract.puffle.driver import Json, Puffle
from tests.contract.puffle.threads import THREADS, sender, somebody
from tests.support.injections import EVE, controls_in, injections
from tests.support.simulator import Simulated

SENT = 24
AT_ONCE = 6
HEADERS = (
    "from",
    "to",
    "cc",
    "bcc",
    "reply_to",
    "subject",
    "message_id",
    "in_reply_to",
    "references",
    "labels",
    "headers",
)


@pytest.mark.promise("R34")
@pytest.mark.contract("S3-18", "S3-19")
async def test_no_header_of_a_mail_that_left_has_a_control_character(
    puffle: Puffle, domain: Json, sim: Simulated
) -> None:
    account = await sender(puffle, domain, "hostile")
    texts = iter(injections()[:: len(injections()) // SENT][:SENT])
    written: list[set[str]] = []

    async def write() -> None:
        for text in texts:
            told = await sent(puffle.http, account["id"], text)
            written.append(told)

    await asyncio.gather(*(write() for _ in range(AT_ONCE)))

    mails = [
        mail
        for mail in sim.http.get("/_sim/state").json()["agentmail"]["messages"]
        if mail["inbox_id"] == account["email_address"]
    ]
    assert len(mails) == len(written) == SENT
    assert {"draft_subject", "participant_name", "file", "body_text"} <= set().union(*written)
    for mail in mails:
        for words in (
            *(mail.get(name) for name in HEADERS),
            [each.get("filename") for each in mail.get("attachments") or ()],
        ):
            assert not any(map(controls_in, texts_in(words))), mail
        recipients = [each for name in ("to", "cc", "bcc") for each in mail.get(name) or ()]
        assert len(recipients) == 2, mail
        assert EVE not in recipients
    assert not any(map(controls_in, texts_in(sim.ledger("message.sent"))))


async def sent(http: httpx.AsyncClient, account_id: str, text: str) -> set[str]:
    """Send a mail with a hostile text in every field that takes it, and return those."""
    fields = {
        "participant_name": text,
        "draft_subject": text,
        "draft_cc": f'"{text}" <{somebody("copy")}>',
    }
    base = {"account_id": account_id, "participant_email": somebody("hostile")}
    created = await taken(http, THREADS, fields, {"draft_subject": "x", "draft_cc": somebody("copy"), **base})
    path = f"{THREADS}/{created.json()['thread']['id']}"
    raw = text.replace("\\", "\\\\").replace('"', '\\"').encode(errors="surrogatepass")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + raw + b'"\r\n\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    uploaded = await http.post(f"{path}/attachments", content=head + b"x\r\n--b--\r\n", headers=form)
    files: Json = {}
    if uploaded.status_code == 201:
        files = {"attachments": [uploaded.json()["attachment"]]}
    fields |= {"body_text": text, "body_html": text}
    answer = await taken(
        http,
        f"{path}/messages",
        dict.fromkeys(("body_text", "body_html"), text),
        {"body_text": "x", **files},
    )
    assert answer.json()["message"]["status"] == "sent"
    asked = {**json.loads(created.request.content), **json.loads(answer.request.content)}
    return {field for field in fields if asked.get(field) == fields[field]} | ({"file"} if files else set())


async def taken(
    http: httpx.AsyncClient, path: str, fields: dict[str, str], base: dict[str, Any]
) -> httpx.Response:
    """Ask with all fields that are not refused, one refusal after the other; what is refused is as in `base`."""
    fields = dict(fields)
    while True:
        body = json.dumps({**base, **fields}).encode()
        answer = await http.post(path, content=body, headers={"Content-Type": "application/json"})
        if answer.status_code == 201:
            return answer
        assert answer.status_code == 400, answer.text
        named = re.search(r'The field "(\w+)"', answer.json()["error"])
        for field in [named[1]] if named else list(fields):
            del fields[field]


def texts_in(value: Any) -> list[str]:
    """Return every text in a JSON value, what objects call their fields too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return [text for each in value or () for text in texts_in(each)] if isinstance(value, list) else []
