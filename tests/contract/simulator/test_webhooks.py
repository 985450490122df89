"""Events reach a webhook signed the Svix way, and are repeated until it takes them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from svix.webhooks import Webhook

from services.simulator.agentmail.delivery import sign
from tests.support.eventually import eventually
from tests.support.simulator import Simulated


class Endpoint:
    """A webhook endpoint that keeps what it is sent and answers the given statuses in turn, then 204."""

    def __init__(self, *statuses: int) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        remaining, received = list(statuses), self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(remaining.pop(0) if remaining else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                """Stay silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def events(self) -> list[Any]:
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint(503)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_the_signature_is_the_one_svix_expects() -> None:
    body = b'{"type":"event","event_type":"domain.verified","event_id":"evt_1"}'

    signature = sign("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", "msg_1", 1_760_000_000, body)

    assert signature == "v1,ZjdvdeSpb+WmfjAf1SlUC79q0ScvxPrhHtmbnaGBrHE="


async def test_arriving_mail_is_announced_until_the_endpoint_takes_it(
    simulator: Simulated, endpoint: Endpoint
) -> None:
    simulator.inbox("ada")
    wanted = {"url": endpoint.url, "event_types": ["message.received"], "client_id": "hook"}
    webhook = simulator.post("/agentmail/v0/webhooks", wanted).json()
    mail = {"to": "ada@myagentmail.com", "from": "bob@example.com", "subject": "Hi", "text": "Hello"}

    arrived = simulator.post("/_sim/inbound", mail)

    assert arrived.status_code == 201
    await eventually(lambda: len(endpoint.received) == 2, what="a 503 is repeated at once")
    (first, body), (again, _) = endpoint.received
    assert first["svix-id"] == again["svix-id"]
    Webhook(webhook["secret"]).verify(body, first)
    event = json.loads(body)
    assert (event["event_type"], event["message"]["text"]) == ("message.received", "Hello")
    assert event["thread"]["thread_id"] == arrived.json()["thread_id"]
    await eventually(lambda: simulator.http.get("/_sim/state").json()["agentmail"]["deliveries"] == [])


async def test_an_endpoint_hears_only_the_events_and_inboxes_it_asked_for(
    simulator: Simulated, endpoint: Endpoint
) -> None:
    simulator.inbox("ada")
    simulator.inbox("bob")
    wanted = {"event_types": ["message.sent"], "inbox_ids": ["bob@myagentmail.com"]}
    hook = simulator.post("/agentmail/v0/webhooks", {"url": endpoint.url, **wanted}).json()["webhook_id"]

    for name in ("ada", "bob"):
        path = f"/agentmail/v0/inboxes/{name}@myagentmail.com/messages/send"
        assert simulator.post(path, {"to": "x@example.com", "text": "t"}).status_code == 200

    await eventually(lambda: len(endpoint.received) == 2)
    assert {event["send"]["inbox_id"] for event in endpoint.events()} == {"bob@myagentmail.com"}
    assert simulator.http.delete(f"/agentmail/v0/webhooks/{hook}").status_code == 204
    assert simulator.http.get(f"/agentmail/v0/webhooks/{hook}").status_code == 404


async def test_what_became_of_sent_mail_is_announced(simulator: Simulated, endpoint: Endpoint) -> None:
    simulator.inbox("ada")
    kinds = ["message.delivered", "message.bounced", "message.complained", "message.rejected"]
    simulator.post("/agentmail/v0/webhooks", {"url": endpoint.url, "event_types": kinds})
    path = "/agentmail/v0/inboxes/ada@myagentmail.com/messages/send"
    to = ["bounce-1@example.com", "complain-1@example.com"]
    scripted = simulator.post(path, {"to": to, "text": "t"}).json()["message_id"]
    simulator.post(path, {"to": "reject-1@example.com", "text": "t"})
    plain = simulator.post(path, {"to": "bob@example.com", "text": "t"}).json()["message_id"]

    by_hand = simulator.post("/_sim/bounce", {"message_id": plain, "type": "Transient"})

    assert by_hand.json()["recipients"] == ["bob@example.com"]
    assert simulator.post("/_sim/complain", {"message_id": "<no>"}).status_code == 404
    await eventually(lambda: len({event["event_id"] for event in endpoint.events()}) == 6)
    events = {event["event_id"]: event for event in endpoint.events()}.values()
    told = {(event["event_type"], (event.get("bounce") or {}).get("type")) for event in events}
    assert told == {(kind, None) for kind in kinds if kind != "message.bounced"} | {
        ("message.bounced", "Permanent"),
        ("message.bounced", "Transient"),
    }
    (bounced,) = (event["bounce"] for event in events if event.get("bounce", {}).get("type") == "Permanent")
    assert (bounced["message_id"], [each["address"] for each in bounced["recipients"]]) == (scripted, to[:1])
    labels = {
        each["message_id"]: each["labels"]
        for each in simulator.http.get("/_sim/state").json()["agentmail"]["messages"]
    }
    assert {"bounced", "complained"} <= set(labels[scripted])


async def test_mail_kept_out_of_sight_has_an_event_of_its_own(
    simulator: Simulated, endpoint: Endpoint
) -> None:
    simulator.inbox("ada")
    kinds = ["message.received", "message.received.spam"]
    simulator.post("/agentmail/v0/webhooks", {"url": endpoint.url, "event_types": kinds})
    mail = {"to": "ada@myagentmail.com", "from": "bob@example.com", "in_reply_to": "<elsewhere>"}

    simulator.post("/_sim/inbound", {**mail, "label": "spam"})
    simulator.post("/_sim/inbound", {**mail, "text": "x" * 1_100_000})

    await eventually(lambda: len({event["event_id"] for event in endpoint.events()}) == 2)
    large, spam = sorted(
        {event["event_id"]: event for event in endpoint.events()}.values(),
        key=lambda each: each["event_type"],
    )
    assert spam["event_type"] == "message.received.spam"
    assert large["message"]["in_reply_to"] == "<elsewhere>"
    assert "text" not in large["message"], "a webhook carries at most a megabyte"
    path = "/agentmail/v0/inboxes/ada@myagentmail.com/messages"
    listed = simulator.http.get(path).json()["messages"]
    everything = simulator.http.get(path, params={"include_spam": "true"}).json()["messages"]
    assert (len(listed), len(everything)) == (1, 2)
