"""The control API: ground truth, faults, clocks and arriving mail for tests and curious people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal

from prometheus_client import REGISTRY, generate_latest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.simulator import dns
from services.simulator.agentmail import domains, fates, mail
from services.simulator.faults import Fault, Faults
from services.simulator.instantly.accounts import view
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, Json, Refusal, json_answer
from services.simulator.world import World, public

_STATE_KINDS = {
    "agentmail": ("inbox", "key", "domain", "message", "thread", "draft", "webhook", "tombstone", "delivery"),
    "instantly": ("account", "job", "tag", "mapping"),
    "cloudflare": ("zone", "record"),
}
ELSEWHERE = "elsewhere"
"""The zone of records published by hand: none of Cloudflare's."""
_PLURAL = {"inbox": "inboxes", "delivery": "deliveries"}
_PREFIX = {"agentmail": "am", "instantly": "in", "cloudflare": "cf"}


class _Advance(BaseModel):
    model_config = ConfigDict(extra="forbid")
    advance_days: float = Field(ge=0)


class _Inbound(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    to: str
    sender: str = Field(alias="from")
    subject: str = ""
    text: str = ""
    html: str | None = None
    in_reply_to: str | None = None
    references: list[str] | None = None
    headers: dict[str, str] | None = None
    attachments: list[Json] | None = None
    message_id: str | None = None
    label: Literal["spam", "blocked", "unauthenticated"] | None = None


class _Fate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    message_id: str
    recipients: list[str] | None = None
    type: Literal["Permanent", "Transient", "Undetermined"] = "Permanent"
    reason: str = "Content is not allowed"


class _Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    email: str
    warmup_status: Literal[-1, -2, -3] | None = None
    score: int | None = Field(default=None, ge=0, le=100)
    status: Literal[1, 3, -1, -2, -3] = 1


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: str
    name: str
    content: str
    priority: int | None = None


class Control:
    """The control API over one world."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        settle: Callable[[], None],
        forget: Callable[[], None],
        dns_address: Callable[[], str | None],
    ) -> None:
        self._world, self._faults, self._settle, self._forget = world, faults, settle, forget
        self._dns_address = dns_address

    def run(self, handler: Callable[[Control, Call], Answer], call: Call) -> Answer:
        """Answer one control call; a body that does not fit is a 400 that says why."""
        try:
            call.body = json.loads(call.raw) if call.raw else {}
            if not isinstance(call.body, dict):
                return json_answer(400, {"error": "the body must be a JSON object"})
            self._settle()
            answer = handler(self, call)
            self._settle()
            return answer
        except ValidationError as error:
            return json_answer(
                400, {"error": json.loads(error.json(include_url=False, include_context=False))}
            )
        except Refusal as refusal:
            return refusal.answer
        except ValueError as error:
            return json_answer(400, {"error": str(error)})

    def ledger(self, call: Call) -> Answer:
        """Return the effects that really happened, past a number."""
        return self._entries("ledger", call)

    def calls(self, call: Call) -> Answer:
        """Return the calls received, past a number."""
        return self._entries("calls", call)

    def _entries(self, table: str, call: Call) -> Answer:
        after, limit = int(call.first("after") or 0), int(call.first("limit") or -1)
        return json_answer(200, {"entries": self._world.store.entries(table, after, limit)})

    def state(self, _: Call) -> Answer:
        """Return the live objects per provider, warmup as it stands at this virtual instant; secrets stay out."""
        state: Json = {provider: self._objects(provider) for provider in _STATE_KINDS}
        state["clock"] = {"day": self._world.days(), "day_seconds": self._world.settings.day_seconds}
        return json_answer(200, state)

    def _objects(self, provider: str) -> Json:
        objects: Json = {}
        for kind in _STATE_KINDS[provider]:
            items = self._world.store.all(f"{_PREFIX[provider]}.{kind}")
            shown = [view(self._world, item) if kind == "account" else public(item) for item in items]
            objects[_PLURAL.get(kind, f"{kind}s")] = [
                {key: value for key, value in item.items() if key != "secret"} for item in shown
            ]
        return objects

    def arm(self, call: Call) -> Answer:
        """Arm a fault."""
        fault = Fault(**call.fields())
        fault_id = f"f_{self._world.hex(12)}"
        self._faults.arm(fault_id, fault)
        return json_answer(201, {"id": fault_id})

    def armed(self, _: Call) -> Answer:
        """Return the armed faults with how often each was seen and struck."""
        return json_answer(200, {"faults": self._faults.armed()})

    def clear(self, call: Call) -> Answer:
        """Disarm one fault, or all."""
        fault_id = call.params.get("id")
        cleared = self._faults.clear(fault_id)
        if fault_id is not None and not cleared:
            return json_answer(404, {"error": f"no fault {fault_id}"})
        return json_answer(200, {"cleared": cleared})

    def clock(self, call: Call) -> Answer:
        """Return virtual time, after moving it on if asked to."""
        if call.method == "POST":
            self._world.advance(_Advance(**call.fields()).advance_days)
        day = self._world.days()
        return json_answer(200, {"day": day, "now": self._world.stamp(self._world.virtual(day))})

    def knobs(self, call: Call) -> Answer:
        """Return the knobs, after turning some if asked to."""
        if call.method == "POST":
            self._world.turn(call.fields())
        return json_answer(200, self._world.knobs.model_dump(mode="json"))

    def warmup(self, call: Call) -> Answer:
        """Make the provider judge a sender: banned, spam folder unknown, suspended, a score, or (null) as it really is.

        `status` is the account's own: 1 active, 3 maintenance, -1 connection error, -2 soft bounce, -3 sending error.
        """
        verdict = _Verdict(**call.fields())
        account = self._world.store.get("in.account", verdict.email.lower())
        if account is None:
            return json_answer(404, {"error": f"no sender {verdict.email}"})
        with self._world.store.transaction():
            judged = {
                **account,
                "_verdict": verdict.warmup_status,
                "_score": verdict.score,
                "status": verdict.status,
            }
            self._world.store.put("in.account", account["email"], judged)
        return json_answer(
            200,
            {
                "email": account["email"],
                "warmup_status": verdict.warmup_status,
                "score": verdict.score,
                "status": verdict.status,
            },
        )

    def inbound(self, call: Call) -> Answer:
        """Let a mail arrive."""
        arriving = _Inbound(**call.fields())
        inbox = self._world.store.get("am.inbox", arriving.to.lower())
        if inbox is None:
            return json_answer(404, {"error": f"no inbox {arriving.to}"})
        fields: Json = {
            **arriving.model_dump(exclude={"to", "sender", "label"}),
            "to": [arriving.to],
            "from": arriving.sender,
            "attachments": mail.attachments(self._world, arriving.attachments),
        }
        with self._world.store.transaction():
            message = mail.receive(self._world, inbox, fields, arriving.label)
            if message is None:
                return json_answer(202, {"delivered": False})
            self._world.effect(
                call, "message.received", key=arriving.in_reply_to, subject=message["message_id"]
            )
        ids = {name: message[name] for name in ("message_id", "thread_id", "inbox_id")}
        return json_answer(201, {"delivered": True, **ids})

    def befall(self, call: Call) -> Answer:
        """Let a message that left bounce, be complained of, or be rejected after all."""
        fate, operation = _Fate(**call.fields()), call.operation
        found = self._world.store.all("am.message")
        sent = [each for each in found if each["message_id"] == fate.message_id and "sent" in each["labels"]]
        if not sent:
            return json_answer(404, {"error": f"no sent message {fate.message_id}"})
        recipients = fates.recipients_of(sent[0]) if fate.recipients is None else fate.recipients
        with self._world.store.transaction():
            if operation == fates.BOUNCE:
                fates.bounce(self._world, sent[0], recipients, fate.type)
            elif operation == fates.COMPLAIN:
                fates.complain(self._world, sent[0], recipients)
            else:
                fates.reject(self._world, sent[0], fate.reason)
        return json_answer(201, {"message_id": fate.message_id, "recipients": recipients})

    def publish(self, call: Call) -> Answer:
        """Publish a DNS record outside Cloudflare, as the owner of a domain would at another host."""
        sent = _Published(**call.fields())
        content = dns.txt_stored(sent.content) if sent.type == "TXT" else dns.host(sent.content)
        record_id = self._world.hex(32)
        fields = {**sent.model_dump(), "name": dns.host(sent.name), "content": content, "id": record_id}
        with self._world.store.transaction():
            self._world.store.put("cf.record", record_id, {**fields, "_zone_id": ELSEWHERE})
        return json_answer(201, {"id": record_id})

    def reset(self, _: Call) -> Answer:
        """Forget everything, the days that were advanced too."""
        self._forget()
        self._world.store.reset()
        self._world.restart()
        domains.seed(self._world)
        return json_answer(200, {"reset": True})

    def unpublish(self, call: Call) -> Answer:
        """Take back a record published by hand."""
        record = self._world.store.get("cf.record", call.params["id"])
        if record is None or record["_zone_id"] != ELSEWHERE:
            return json_answer(404, {"error": f"no record {call.params['id']}"})
        with self._world.store.transaction():
            self._world.store.delete("cf.record", record["id"])
        return json_answer(200, {"id": record["id"]})

    def dns_server(self, _: Call) -> Answer:
        """Say where DNS is answered; null where no port was given to it."""
        return json_answer(200, {"server": self._dns_address()})

    def live(self, _: Call) -> Answer:
        """Say that the process runs."""
        return json_answer(200, {"status": "ok"})

    def metrics(self, _: Call) -> Answer:
        """Return the process's metrics for Prometheus."""
        return Answer(
            200, generate_latest(REGISTRY), (("content-type", "text/plain; version=0.0.4; charset=utf-8"),)
        )


CONTROL: tuple[Route[Callable[[Control, Call], Answer]], ...] = (
    Route("GET", "/_sim/ledger", "ledger", Control.ledger),
    Route("GET", "/_sim/calls", "calls", Control.calls),
    Route("GET", "/_sim/state", "state", Control.state),
    Route("POST", "/_sim/faults", "faults.arm", Control.arm),
    Route("GET", "/_sim/faults", "faults.list", Control.armed),
    Route("DELETE", "/_sim/faults", "faults.clear", Control.clear),
    Route("DELETE", "/_sim/faults/{id}", "faults.clear", Control.clear),
    Route("GET", "/_sim/clock", "clock", Control.clock),
    Route("POST", "/_sim/clock", "clock", Control.clock),
    Route("GET", "/_sim/knobs", "knobs", Control.knobs),
    Route("POST", "/_sim/knobs", "knobs", Control.knobs),
    Route("POST", "/_sim/warmup", "warmup", Control.warmup),
    Route("POST", "/_sim/inbound", "inbound", Control.inbound),
    Route("POST", "/_sim/bounce", fates.BOUNCE, Control.befall),
    Route("POST", "/_sim/complain", fates.COMPLAIN, Control.befall),
    Route("POST", "/_sim/reject", fates.REJECT, Control.befall),
    Route("POST", "/_sim/dns", "dns.publish", Control.publish),
    Route("GET", "/_sim/dns", "dns.server", Control.dns_server),
    Route("DELETE", "/_sim/dns/{id}", "dns.unpublish", Control.unpublish),
    Route("POST", "/_sim/reset", "reset", Control.reset),
    Route("GET", "/health/live", "health", Control.live),
    Route("GET", "/health/ready", "health", Control.live),
    Route("GET", "/metrics", "metrics", Control.metrics),
)
