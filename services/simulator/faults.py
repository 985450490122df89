"""Which calls go wrong, and how: faults armed over the control API and taken by the calls they match."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.simulator.store import Store
from services.simulator.wire import JSON_HEADER, Answer, Call, Json, json_answer
from services.simulator.world import public

Provider = Literal["agentmail", "instantly", "cloudflare", "dns"]
Kind = Literal["status", "timeout", "drop", "malformed", "slow", "late", "servfail"]
_DNS_KINDS = frozenset({"servfail", "timeout", "slow"})


class Fault(BaseModel):
    """One armed fault; `operation` may be a glob, `match` is a glob on the addresses a call concerns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Provider
    operation: str = "*"
    kind: Kind
    when: Literal["before", "after"] = "before"
    match: str | None = None
    times: int | None = Field(default=None, ge=1, description="How often it strikes; then it is spent.")
    probability: float | None = Field(
        default=None, ge=0, le=1, description="Chance to strike, per matching call."
    )
    seed: int = 0
    status: int | None = Field(default=None, ge=200, le=599)
    body: Json | str | None = Field(
        default=None, description="Object = JSON, text = HTML; unset = the provider's own."
    )
    retry_after: int | float | str | None = Field(default=None, description="Seconds or an HTTP date.")
    delay_seconds: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _a_status_fault_names_its_status(self) -> Fault:
        if self.kind == "status" and self.status is None:
            raise ValueError("a fault of kind `status` needs a `status`")
        return self

    @model_validator(mode="after")
    def _dns_has_troubles_of_its_own(self) -> Fault:
        if self.provider == "dns" and self.kind not in _DNS_KINDS:
            raise ValueError(f"a fault of `dns` is one of {', '.join(sorted(_DNS_KINDS))}")
        if self.provider != "dns" and self.kind == "servfail":
            raise ValueError("a fault of kind `servfail` is for `dns`")
        return self

    def matches(self, call: Call) -> bool:
        """Say whether the fault concerns this call."""
        if self.provider != call.provider or not fnmatchcase(call.operation, self.operation):
            return False
        return self.match is None or any(fnmatchcase(subject, self.match) for subject in call.subjects)

    def strikes(self, nth: int) -> bool:
        """Say whether the nth matching call is struck: the same seed always strikes the same calls."""
        if self.probability is None:
            return True
        digest = hashlib.sha256(f"{self.seed}:{nth}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < self.probability

    def answer(self, default: Answer) -> Answer:
        """Return what a `status` fault answers, given the provider's own body for that status."""
        headers = () if self.retry_after is None else (("retry-after", str(self.retry_after)),)
        if isinstance(self.body, str):
            return Answer(default.status, self.body.encode(), (("content-type", "text/html"), *headers))
        if self.body is not None:
            return json_answer(default.status, self.body, headers)
        return Answer(default.status, default.body, (*default.headers, *headers))


class Faults:
    """The armed faults; they and their counters outlive a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def arm(self, fault_id: str, fault: Fault) -> None:
        """Arm a fault."""
        with self._store.transaction():
            state = {"id": fault_id, "seen": 0, "struck": 0, "fault": fault.model_dump(mode="json")}
            self._store.put("sim.fault", fault_id, state)

    def armed(self) -> list[Json]:
        """Return every fault with its counters."""
        return [public(state) for state in self._store.all("sim.fault")]

    def clear(self, fault_id: str | None) -> int:
        """Disarm one fault, or all, and return how many there were."""
        ids = [state["id"] for state in self._store.all("sim.fault") if fault_id in {None, state["id"]}]
        with self._store.transaction():
            for each in ids:
                self._store.delete("sim.fault", each)
        return len(ids)

    def take(self, call: Call) -> Fault | None:
        """Return the first armed fault that strikes this call, and count it."""
        for state in self._store.all("sim.fault"):
            fault = Fault(**state["fault"])
            spent = fault.times is not None and state["struck"] >= fault.times
            if spent or not fault.matches(call):
                continue
            struck = fault.strikes(state["seen"] + 1)
            counted = {**state, "seen": state["seen"] + 1, "struck": state["struck"] + int(struck)}
            with self._store.transaction():
                self._store.put("sim.fault", state["id"], counted)
            if struck:
                return fault
        return None


def malformed(answer: Answer | None) -> Answer:
    """Return a 200 whose JSON breaks off in the middle."""
    whole = (
        answer.body if answer and len(answer.body) > 1 else json.dumps({"error": None, "data": {}}).encode()
    )
    return Answer(200, whole[: len(whole) // 2], (JSON_HEADER,))
