"""What every handler can reach: the store, the two clocks, ids, knobs, and the ledger of effects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from services.simulator.settings import Knobs, SimulatorSettings
from services.simulator.store import Store
from services.simulator.wire import Call, Json
from shared.clock import Clock, Ids

_FARTHEST_DAY = 2_000_000.0  # five thousand years: dates stay printable however short the days are


class World:
    """The simulated providers' common ground.

    Stamps (`created_at` and the like) tell real time. What spans days is moved on by `/_sim/clock`: warmup is measured in
    virtual days of `day_seconds`, the life of idempotency keys in whole ones, because those who repeat a call live in them.
    """

    def __init__(self, store: Store, settings: SimulatorSettings, clock: Clock, ids: Ids) -> None:
        self.store, self.settings, self.clock, self.ids = store, settings, clock, ids
        self.wakeups: list[float] = []
        self.new_deliveries: list[str] = []
        self.logins: dict[str, int] = {}
        self.running_keys: Counter[str] = Counter()
        self.prepare()

    def prepare(self) -> None:
        """Read what the store remembers of clock and knobs; anchor the clock at the first start."""
        if self.store.get("sim.clock", "clock") is None:
            with self.store.transaction():
                self.store.put("sim.clock", "clock", {"anchor": self.stamp(), "advanced_days": 0.0})
        clock = self.store.get("sim.clock", "clock") or {}
        self._anchor = self.settings.clock_anchor or datetime.fromisoformat(clock["anchor"])
        self._advanced = float(clock["advanced_days"])
        self.knobs = Knobs(**public(self.store.get("sim.knobs", "knobs") or {}))

    def restart(self) -> None:
        """Begin again over an emptied store."""
        self.wakeups, self.new_deliveries, self.logins = [], [], {}
        self.running_keys.clear()
        self.prepare()

    def now(self) -> datetime:
        """Return the real instant."""
        return self.clock.now()

    def stamp(self, instant: datetime | None = None) -> str:
        """Return an instant as providers print it: milliseconds and `Z`."""
        moment = (instant or self.now()).astimezone(UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def hex(self, length: int = 32) -> str:
        """Return a fresh lower-case hexadecimal id of up to 64 digits, its random half first."""
        return (self.ids.new().hex[16:] + self.ids.new().hex[16:] + self.ids.new().hex + self.ids.new().hex)[
            :length
        ]

    def uuid(self) -> str:
        """Return a fresh UUID as text."""
        return str(self.ids.new())

    def days(self) -> float:
        """Return the virtual days since the anchor, with their fraction."""
        elapsed = (self.now() - self._anchor).total_seconds() - self.settings.clock_paused_seconds
        return min(elapsed / self.settings.day_seconds + self._advanced, _FARTHEST_DAY)

    def real_days(self) -> float:
        """Return the days since the anchor as they pass in reality, and those that `/_sim/clock` added."""
        return (self.now() - self._anchor).total_seconds() / 86_400.0 + self._advanced

    def advance(self, days: float) -> None:
        """Move virtual time on."""
        clock = self.store.get("sim.clock", "clock") or {}
        with self.store.transaction():
            self.store.put("sim.clock", "clock", {**clock, "advanced_days": self._advanced + days})
        self.prepare()

    def turn(self, knobs: Json) -> None:
        """Change knobs; raises pydantic's ValidationError when one is unknown or out of range."""
        changed = {**public(self.store.get("sim.knobs", "knobs") or {}), **knobs}
        Knobs(**changed)
        with self.store.transaction():
            self.store.put("sim.knobs", "knobs", changed)
        self.prepare()

    def virtual(self, days: float) -> datetime:
        """Return the virtual date and time of a number of virtual days after the anchor."""
        return self._anchor + timedelta(days=days)

    @contextmanager
    def running(self, call: Call) -> Iterator[None]:
        """Let a call take its time: until it has its effect, its Idempotency-Key counts as in use."""
        key = call.headers.get("idempotency-key")
        if key is None:
            yield
            return
        self.running_keys[key] += 1
        try:
            yield
        finally:
            self.running_keys[key] -= 1

    def wake_in(self, seconds: float) -> None:
        """Ask for the settling of what is due after this many seconds."""
        self.wakeups.append(seconds)

    def record(
        self,
        effect: str,
        *,
        provider: str,
        operation: str,
        key: str | None,
        subject: str,
        request_id: str | None,
    ) -> None:
        """Append an effect to the ledger, in the transaction that makes it true."""
        entry: Json = {
            "at": self.stamp(),
            "provider": provider,
            "operation": operation,
            "effect": effect,
            "key": key,
            "subject": subject,
            "request_id": request_id,
        }
        self.store.append("ledger", entry)

    def effect(self, call: Call, effect: str, *, subject: str, key: str | None = None) -> None:
        """Append an effect that this call has to the ledger."""
        self.record(
            effect,
            provider=call.provider,
            operation=call.operation,
            key=key,
            subject=subject,
            request_id=call.request_id,
        )


def public(data: Json) -> Json:
    """Return what a provider shows of an object: neither private fields (`_…`) nor absent ones."""
    return {name: value for name, value in data.items() if not name.startswith("_") and value is not None}


def local_part_begins(address: str, prefix: str) -> bool:
    """Say whether an address is scripted: its local part begins with the prefix."""
    return "@" in address and address.startswith(prefix)
