"""The client that hands mail to AgentMail: what it sends, what it finds again, and how it reads each refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from services.threads.ports import (
    File,
    InboxGone,
    KeyInUse,
    Letter,
    NotReady,
    OperatorFault,
    Posted,
    Refused,
)
from services.threads.providers.agentmail import AgentMail
from shared.clock import SystemClock
from shared.errors import MailwrightError, Retryable, Unknown
from shared.http.client import build_client
from shared.http.errors import ProviderThrottled
from shared.http.provider import Provider
from tests.support.eventually import eventually
from tests.support.open_gate import OpenGate
from tests.support.simulator import HEADERS, Simulated

ADA = "ada@myagentmail.com"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LETTER = Letter(
    key="mw-test-1",
    label="mw-1",
    message_id="<1@myagentmail.com>",
    to="grace@example.com",
    subject="Hello",
    text="Dear Grace",
    html="<p>Dear Grace</p>",
    cc=("jean@example.com",),
    bcc=("kay@example.com",),
    files=(File("a.txt", "text/plain", content=b"\x00attached"),),
)

WITHOUT_IDS = [{}, {"message_id": "<m@x>"}, {"message_id": "<m@x>", "thread_id": None}, "null"]
"""Answers about a message that do not tell both of its ids."""


@pytest.fixture
def gate() -> OpenGate:
    return OpenGate()


@pytest.fixture
async def mail(simulator: Simulated, gate: OpenGate) -> AsyncIterator[AgentMail]:
    assert simulator.inbox("ada").status_code == 200
    async with build_client(f"{simulator.url}/agentmail", headers=HEADERS) as client:
        yield AgentMail(Provider("agentmail", client, gate, SystemClock()))


@pytest.fixture
async def impatient(simulator: Simulated, gate: OpenGate) -> AsyncIterator[AgentMail]:
    """The same client, which soon gives up on an answer."""
    async with build_client(f"{simulator.url}/agentmail", headers=HEADERS, read_seconds=0.3) as client:
        yield AgentMail(Provider("agentmail", client, gate, SystemClock()))


def sent(simulator: Simulated) -> list[str]:
    return [entry["subject"] for entry in simulator.ledger("message.sent")]


async def test_a_letter_leaves_whole_and_once_per_key(simulator: Simulated, mail: AgentMail) -> None:
    posted = await mail.post(ADA, LETTER)
    again = await mail.post(ADA, LETTER)

    assert again == posted
    assert sent(simulator) == [posted.message_id]
    found = await mail.read(ADA, posted.message_id)
    assert found is not None
    assert (found.subject, found.text, found.html) == (LETTER.subject, LETTER.text, LETTER.html)
    assert (found.to, found.cc, found.sender) == (("grace@example.com",), ("jean@example.com",), ADA)
    assert found.headers == {"Message-ID": LETTER.message_id}
    assert [(file.name, file.mime_type, file.size) for file in found.files] == [("a.txt", "text/plain", 9)]


async def test_a_reply_joins_the_thread_of_what_it_answers_and_goes_where_it_is_told(
    simulator: Simulated, mail: AgentMail
) -> None:
    came = simulator.post("/_sim/inbound", {"to": ADA, "from": "Grace <grace@example.com>", "subject": "Hi"})
    first = Posted(came.json()["message_id"], came.json()["thread_id"])

    posted = await mail.post(ADA, replace(LETTER, answers=first.message_id, files=()))

    assert posted.thread_id == first.thread_id
    found = await mail.read(ADA, posted.message_id)
    assert found is not None
    assert (found.in_reply_to, found.references) == (first.message_id, (first.message_id,))
    assert (found.to, found.subject) == (("grace@example.com",), "Re: Hi")


@pytest.mark.parametrize("names", ["own", "given"])
async def test_a_sent_message_is_found_by_its_label_or_by_the_id_it_was_to_have(
    simulator: Simulated, mail: AgentMail, names: str
) -> None:
    simulator.knobs(message_ids=names)
    posted = await mail.post(ADA, LETTER)

    assert (posted.message_id == LETTER.message_id) == (names == "given")
    assert await mail.find(ADA, LETTER.label, LETTER.message_id) == posted
    assert await mail.find(ADA, "mw-2", posted.message_id) == posted
    assert await mail.find(ADA, "mw-2", "<2@myagentmail.com>") is None
    with pytest.raises(InboxGone):
        await mail.find("nobody@myagentmail.com", LETTER.label, LETTER.message_id)


async def test_what_came_since_a_moment_is_listed_oldest_first(simulator: Simulated, mail: AgentMail) -> None:
    for n in range(3):
        simulator.post("/_sim/inbound", {"to": ADA, "from": "grace@example.com", "subject": str(n)})

    listed = await mail.since(ADA, LONG_AGO, most=2)

    assert [each.labels for each in listed] == [("received", "unread")] * 2
    read = [await mail.read(ADA, each.message_id or "") for each in listed]
    assert [(each.subject, each.at) for each in read if each] == [
        (str(n), each.at) for n, each in enumerate(listed)
    ]
    assert not await mail.since(ADA, datetime.now(UTC) + timedelta(minutes=1), most=2)
    assert await mail.read(ADA, "<none@example.com>") is None
    with pytest.raises(InboxGone):
        await mail.since("nobody@myagentmail.com", LONG_AGO, most=2)


def body(code: str) -> dict[str, str]:
    return {"name": "AnyError", "code": code, "message": "secret words"}


@pytest.mark.parametrize(
    ("status", "said", "meaning"),
    [
        (403, body("message_rejected"), Refused),
        (422, body("unprocessable"), Refused),
        (400, body("validation_error"), Refused),
        (403, body("domain_not_verified"), NotReady),
        (409, body("domain_not_verified"), NotReady),
        (403, body("resource_deleting"), NotReady),
        (404, body("not_found"), NotReady),
        (409, body("conflict"), KeyInUse),
        (403, body("missing_permission"), OperatorFault),
        (403, body("limit_exceeded"), OperatorFault),
        (403, {"message": "Forbidden"}, OperatorFault),
        (401, {"message": "Unauthorized"}, OperatorFault),
        (429, body("rate_limit_exceeded"), ProviderThrottled),
        (500, body("internal_error"), Unknown),
        (503, body("service_unavailable"), Unknown),
    ],
)
async def test_a_refusal_is_read_by_its_code(
    simulator: Simulated,
    mail: AgentMail,
    status: int,
    said: dict[str, str],
    meaning: type[MailwrightError],
) -> None:
    simulator.fault("agentmail", "messages.send", "status", status=status, body=said, match=ADA)

    with pytest.raises(meaning) as raised:
        await mail.post(ADA, LETTER)

    assert type(raised.value) is meaning
    assert "secret words" not in str(raised.value)
    assert sent(simulator) == []


@pytest.mark.parametrize(("kind", "when", "effects"), [("timeout", "before", 0), ("timeout", "after", 1)])
async def test_silence_is_unknown_and_the_same_key_finds_out(
    simulator: Simulated, mail: AgentMail, impatient: AgentMail, kind: str, when: str, effects: int
) -> None:
    simulator.fault("agentmail", "messages.send", kind, when=when, match=ADA, times=1)

    with pytest.raises(Unknown):
        await impatient.post(ADA, LETTER)

    await eventually(lambda: simulator.calls("messages.send"), what="the call got through")
    assert len(sent(simulator)) == effects
    posted = await mail.post(ADA, LETTER)
    assert sent(simulator) == [posted.message_id]


@pytest.mark.parametrize("said", WITHOUT_IDS)
async def test_an_answer_without_ids_is_unknown(simulator: Simulated, mail: AgentMail, said: Any) -> None:
    simulator.fault("agentmail", "messages.send", "status", status=200, body=said, when="after", times=1)

    with pytest.raises(Unknown):
        await mail.post(ADA, LETTER)

    assert sent(simulator) == [(await mail.post(ADA, LETTER)).message_id]


async def test_another_letter_under_the_same_key_is_not_sent(simulator: Simulated, mail: AgentMail) -> None:
    await mail.post(ADA, LETTER)

    with pytest.raises(KeyInUse):
        await mail.post(ADA, replace(LETTER, subject="Another"))

    assert len(sent(simulator)) == 1


async def test_a_spent_quota_makes_mail_wait_and_nothing_else(
    simulator: Simulated, mail: AgentMail, gate: OpenGate
) -> None:
    for seconds in (2, 1800):
        simulator.fault("agentmail", "messages.send", "status", status=429, retry_after=seconds, times=1)
        with pytest.raises(ProviderThrottled) as raised:
            await mail.post(ADA, LETTER)
        assert cast("float", raised.value.retry_after) >= seconds

    assert gate.blocked == [2.0]


async def test_a_look_up_that_fails_tells_nothing(simulator: Simulated, mail: AgentMail) -> None:
    simulator.fault("agentmail", "messages.list", "status", status=500, match=ADA)

    with pytest.raises(Retryable):
        await mail.find(ADA, LETTER.label, LETTER.message_id)


@pytest.mark.parametrize("said", WITHOUT_IDS)
async def test_a_message_that_is_found_without_ids_is_looked_for_again(
    simulator: Simulated, mail: AgentMail, said: Any
) -> None:
    posted = await mail.post(ADA, LETTER)
    listing = {"count": 1, "messages": [said]}
    simulator.fault("agentmail", "messages.list", "status", status=200, body=listing, match=ADA, times=1)

    with pytest.raises(Retryable) as raised:
        await mail.find(ADA, LETTER.label, LETTER.message_id)

    assert raised.value.code == "ids_untold"
    assert await mail.find(ADA, LETTER.label, LETTER.message_id) == posted
