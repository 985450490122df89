"""Which settings each process of the embedded stack gets: ours, unless the caller's environment says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailwright import broker, postgres
from mailwright.ports import HOST
from mailwright.supervisor import LONGEST_PAUSE_SECONDS


@dataclass(frozen=True)
class Options:
    """What `mailwright up` was asked for. Port 0 means any free one."""

    data_dir: Path
    port: int = 8080
    simulator_port: int = 8081
    day_seconds: float = 86_400.0
    demo: bool = False


SIMULATED_DNS = "simulator_dns"
"""What the port of the simulated DNS is called."""
_PROVIDERS = {
    "MAILWRIGHT_AGENTMAIL_URL": "/agentmail",
    "MAILWRIGHT_INSTANTLY_URL": "/instantly/api/v2",
    "MAILWRIGHT_CLOUDFLARE_URL": "/cloudflare/client/v4",
}


def embeds_postgres(caller: Mapping[str, str]) -> bool:
    """Whether the stack brings its own database: nobody named another."""
    return not caller.get("MAILWRIGHT_DATABASE_URL")


def embeds_broker(caller: Mapping[str, str]) -> bool:
    """Whether the stack brings its own broker: nobody named another."""
    return not caller.get("MAILWRIGHT_KAFKA_BOOTSTRAP")


def embeds_simulator(caller: Mapping[str, str]) -> bool:
    """Whether any provider is still simulated."""
    return any(not caller.get(name) for name in _PROVIDERS)


def embeds_warmup_provider(caller: Mapping[str, str]) -> bool:
    """Whether warmup is simulated: its days are then ours."""
    return not caller.get("MAILWRIGHT_INSTANTLY_URL")


def longest_restart_pause_seconds(caller: Mapping[str, str]) -> float:
    """How long a part that crashes again and again may be left down before it is started once more."""
    asked = caller.get("MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS")
    return float(asked) if asked else LONGEST_PAUSE_SECONDS


def settings(
    options: Options,
    ports: Mapping[str, int],
    secrets: Mapping[str, str],
    calendar: Mapping[str, str],
    caller: Mapping[str, str],
) -> dict[str, str]:
    """The environment of every service process; a MAILWRIGHT_* variable of the caller wins over ours."""
    simulator = f"http://{HOST}:{ports['simulator']}"
    ours = {
        "MAILWRIGHT_PUBLIC_URL": f"http://{HOST}:{ports['gateway']}",
        "MAILWRIGHT_CLOUDFLARE_ZONES": "*",
        "MAILWRIGHT_PLATFORM_DOMAINS": "myagentmail.com,myagent.mx",
        "MAILWRIGHT_TOPIC_PARTITIONS": "4",
        # The simulated DNS answers at once; the real one is given ten minutes between looks.
        "MAILWRIGHT_DOMAIN_POLL_SECONDS": "1",
        "MAILWRIGHT_OBJECT_STORE_URL": (options.data_dir / "objects").absolute().as_uri(),
        "MAILWRIGHT_SIMULATOR_DATA": str(options.data_dir / "simulator"),
        "MAILWRIGHT_SIMULATOR_DNS_PORT": str(ports[SIMULATED_DNS]),
        **{name: simulator + path for name, path in _PROVIDERS.items()},
    }
    if embeds_postgres(caller):
        ours["MAILWRIGHT_DATABASE_URL"] = postgres.database_url(ports["postgres"])
    if embeds_broker(caller):
        ours["MAILWRIGHT_KAFKA_BOOTSTRAP"] = broker.bootstrap_servers(ports["broker"])
        # This broker refuses idempotent producers, and answers a fetch only when its wait is over.
        ours["MAILWRIGHT_KAFKA_IDEMPOTENCE"] = "false"
        ours["MAILWRIGHT_KAFKA_FETCH_MAX_WAIT_MS"] = "20"
        # A service killed here is back in a second: its partitions must not wait half a minute for it.
        ours["MAILWRIGHT_KAFKA_SESSION_TIMEOUT_MS"] = "3000"
        ours["MAILWRIGHT_KAFKA_LEAVE_GROUP"] = "false"
    if not caller.get("MAILWRIGHT_CLOUDFLARE_URL"):
        # Records that are published in simulated zones are seen nowhere else.
        ours["MAILWRIGHT_DNS_SERVERS"] = f"{HOST}:{ports[SIMULATED_DNS]}"
    chosen = {name: value for name, value in caller.items() if value or not name.startswith("MAILWRIGHT_")}
    # The length of a day has an option of its own; the calendar and the secrets belong to the data directory.
    day = {"MAILWRIGHT_DAY_SECONDS": f"{options.day_seconds:g}"}
    return {**ours, **secrets, **chosen, **calendar, **day}
