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
