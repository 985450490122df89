"""The official agentmail client drives the simulated AgentMail."""

from typing import Any

import pytest
from agentmail import AgentMail
from agentmail.core import ApiError
from agentmail.environment import AgentMailEnvironment
from agentmail.inboxes import CreateInboxRequest

from tests.support.eventually import eventually
from tests.support.simulator import Simulated

ONCE = {"max_retries": 0}
DOMAIN = "myagentmail.com"
Client = Any  # the generated types are wider than what is asserted here


def refused(error: ApiError) -> tuple[int | None, str]:
    """The status and the code of a refusal; the client types only some error bodies."""
    body = error.body
    return error.status_code, body["code"] if isinstance(body, dict) else body.code


@pytest.fixture
def agentmail(simulator: Simulated) -> Client:
    environment = AgentMailEnvironment(http=f"{simulator.url}/agentmail", websockets="ws://127.0.0.1:1")
    return AgentMail(api_key="am_test", environment=environment)


@pytest.fixture
def ada(agentmail: Client) -> str:
    request = CreateInboxRequest(username="ada", domain=DOMAIN, display_name="Ada", client_id="acct-1")
    return str(agentmail.inboxes.create(request=request).inbox_id)


def test_an_inbox_lives_from_create_to_delete(agentmail: Client, ada: str) -> None:
    assert ada == f"ada@{DOMAIN}"
    assert agentmail.inboxes.get(ada).display_name == "Ada"
    assert [inbox.inbox_id for inbox in agentmail.inboxes.list().inboxes] == [ada]
    assert agentmail.inboxes.update(ada, display_name="Countess").display_name == "Countess"

    agentmail.inboxes.delete(ada)

    with pytest.raises(ApiError) as caught:
        agentmail.inboxes.get(ada, request_options=ONCE)
    assert caught.value.status_code == 404


def test_a_client_id_makes_one_inbox_whatever_the_repeat_asks(agentmail: Client, ada: str) -> None:
    repeat = CreateInboxRequest(username="other", domain=DOMAIN, client_id="acct-1")

    assert agentmail.inboxes.create(request=repeat).inbox_id == ada


def test_a_taken_and_a_burned_address_are_403_with_their_code(agentmail: Client, ada: str) -> None:
    again = CreateInboxRequest(username="ada", domain=DOMAIN, client_id="acct-2")

    for _ in ("taken", "burned"):
        with pytest.raises(ApiError) as caught:
            agentmail.inboxes.create(request=again, request_options=ONCE)
        assert refused(caught.value) == (403, "resource_taken")
        if agentmail.inboxes.list().count:
            agentmail.inboxes.delete(ada)


def test_an_inbox_key_is_shown_once_and_dies_with_its_inbox(
    simulator: Simulated, agentmail: Client, ada: str
) -> None:
    key = agentmail.inboxes.api_keys.create(ada, request={"name": "instantly:1"})
    listed = agentmail.inboxes.api_keys.list(ada).api_keys

    assert key.api_key.startswith("am_")
    assert [(one.api_key_id, getattr(one, "api_key", None)) for one in listed] == [(key.api_key_id, None)]
    scoped = {"authorization": f"Bearer {key.api_key}"}
    assert simulator.http.get("/agentmail/v0/auth/me", headers=scoped).json()["scope_id"] == ada
    assert simulator.http.get("/agentmail/v0/domains", headers=scoped).status_code == 403

    agentmail.inboxes.delete(ada)

    assert simulator.http.get("/agentmail/v0/auth/me", headers=scoped).status_code == 401
    effects = [entry["effect"] for entry in simulator.ledger()]
    assert effects == ["inbox.created", "key.created", "key.revoked", "inbox.deleted"]


def test_an_inbox_key_can_be_deleted(agentmail: Client, ada: str) -> None:
    key = agentmail.inboxes.api_keys.create(ada, request={"name": "k"})

    agentmail.inboxes.api_keys.delete(ada, key.api_key_id)

    assert agentmail.inboxes.api_keys.list(ada).count == 0


async def test_a_domain_is_verified_once_its_records_are_published(
    simulator: Simulated, agentmail: Client
) -> None:
    domain = agentmail.domains.create(domain="Acme.example")
    assert (domain.domain_id, domain.status) == ("acme.example", "NOT_STARTED")
    assert max(len(record.value) for record in domain.records) > 255
    agentmail.domains.verify("acme.example")
    assert agentmail.domains.get("acme.example").status == "PENDING"

    for record in domain.records:
        body = {
            "type": record.type,
            "name": record.name,
            "content": record.value,
            "priority": record.priority,
        }
        assert simulator.post("/_sim/dns", body).status_code == 201

    await eventually(lambda: agentmail.domains.get("acme.example").status == "VERIFIED")
    assert {record.status for record in agentmail.domains.get("acme.example").records} == {"VALID"}
    assert [entry["subject"] for entry in simulator.ledger("domain.verified")] == ["acme.example"]
    assert b"agentmail._domainkey.acme.example" in b"".join(agentmail.domains.get_zone_file("acme.example"))
    agentmail.domains.delete("acme.example")
    with pytest.raises(ApiError):
        agentmail.domains.get("acme.example", request_options=ONCE)


def test_inboxes_need_a_verified_domain(agentmail: Client) -> None:
    agentmail.domains.create(domain="new.example")

    for domain, status, code in (
        ("new.example", 403, "domain_not_verified"),
        ("no.example", 404, "not_found"),
    ):
        with pytest.raises(ApiError) as caught:
            agentmail.inboxes.create(
                request=CreateInboxRequest(username="a", domain=domain), request_options=ONCE
            )
        assert refused(caught.value) == (status, code)


def test_mail_is_sent_once_per_idempotency_key(simulator: Simulated, agentmail: Client, ada: str) -> None:
    first, second = (
        agentmail.inboxes.messages.send(
            ada, to="bob@example.com", subject="Hi", text="Hello", idempotency_key="msg-1"
        )
        for _ in range(2)
    )

    assert first.message_id == second.message_id
    assert [entry["subject"] for entry in simulator.ledger("message.sent")] == [first.message_id]
    with pytest.raises(ApiError) as caught:
        agentmail.inboxes.messages.send(
            ada, to="eve@example.com", text="Other", idempotency_key="msg-1", request_options=ONCE
        )
    assert refused(caught.value) == (409, "conflict")
    message = agentmail.inboxes.messages.get(ada, first.message_id)
    assert (message.text, message.labels, message.to) == ("Hello", ["sent"], ["bob@example.com"])
    assert agentmail.inboxes.messages.list(ada, labels=["sent"]).count == 1
    thread = agentmail.inboxes.threads.get(ada, first.thread_id)
    assert [one.message_id for one in thread.messages] == [first.message_id]


def test_an_idempotency_key_is_forgotten_after_a_day(
    simulator: Simulated, agentmail: Client, ada: str
) -> None:
    def send() -> str:
        sent = agentmail.inboxes.messages.send(ada, to="b@example.com", text="x", idempotency_key="k")
        return str(sent.message_id)

    first = send()
    simulator.advance(1.01)

    assert send() != first


def test_a_draft_is_sent_and_gone(simulator: Simulated, agentmail: Client, ada: str) -> None:
    draft = agentmail.inboxes.drafts.create(
        ada, to=["bob@example.com"], subject="Plan", text="v1", client_id="d1"
    )
    assert agentmail.inboxes.drafts.create(ada, client_id="d1").draft_id == draft.draft_id
    assert agentmail.inboxes.drafts.update(ada, draft.draft_id, text="v2", add_labels=["x"]).labels == ["x"]
    assert agentmail.inboxes.drafts.list(ada).count == 1

    sent = agentmail.inboxes.drafts.send(ada, draft.draft_id, idempotency_key="send-d1")
    again = agentmail.inboxes.drafts.send(ada, draft.draft_id, idempotency_key="send-d1")

    assert sent.message_id == again.message_id
    assert agentmail.inboxes.messages.get(ada, sent.message_id).text == "v2"
    with pytest.raises(ApiError):
        agentmail.inboxes.drafts.get(ada, draft.draft_id, request_options=ONCE)
    assert len(simulator.ledger("message.sent")) == 1


def test_an_answer_joins_the_thread(simulator: Simulated, agentmail: Client, ada: str) -> None:
    sent = agentmail.inboxes.messages.send(ada, to="bob@example.com", subject="Hi", text="Hello")
    mail = {"to": ada, "from": "bob@example.com", "subject": "Re: Hi", "text": "Yes"}
    arrived = simulator.post("/_sim/inbound", {**mail, "in_reply_to": sent.message_id}).json()
    reply = agentmail.inboxes.messages.reply(ada, arrived["message_id"], text="Good")

    assert arrived["thread_id"] == reply.thread_id == sent.thread_id
    assert agentmail.threads.get(sent.thread_id).message_count == 3
    assert agentmail.inboxes.messages.get(ada, reply.message_id).to == ["bob@example.com"]


def test_listings_are_paged_newest_first(agentmail: Client) -> None:
    for name in ("a", "b", "c"):
        agentmail.inboxes.create(request=CreateInboxRequest(username=name, domain=DOMAIN))

    first = agentmail.inboxes.list(limit=2)
    second = agentmail.inboxes.list(limit=2, page_token=first.next_page_token)

    assert [one.inbox_id[0] for one in [*first.inboxes, *second.inboxes]] == ["c", "b", "a"]
    assert second.next_page_token is None
    with pytest.raises(ApiError) as caught:
        agentmail.inboxes.list(page_token="%%%", request_options=ONCE)
    assert caught.value.status_code == 400


def test_the_organisation_shows_its_counts(agentmail: Client, ada: str) -> None:
    assert agentmail.organizations.get().inbox_count == 1
