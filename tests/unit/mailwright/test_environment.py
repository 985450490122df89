"""Which settings the processes of a stack get."""

from pathlib import Path

from mailwright.environment import Options, embeds_broker, embeds_postgres, embeds_simulator, settings

PORTS = {"gateway": 1, "simulator": 2, "postgres": 3, "broker": 4, "simulator_dns": 5}


def given(**caller: str) -> dict[str, str]:
    return settings(
        Options(Path("/data"), day_seconds=2), PORTS, {"MAILWRIGHT_INSTALLATION": "abc"}, {}, caller
    )


def test_everything_is_embedded_by_default() -> None:
    env = given(PATH="/bin", MAILWRIGHT_DATABASE_URL="")

    assert embeds_postgres({"MAILWRIGHT_DATABASE_URL": ""})
    assert embeds_broker({})
    assert embeds_simulator({})
    assert env["MAILWRIGHT_DATABASE_URL"] == "postgresql://postgres:postgres@127.0.0.1:3/postgres"
    assert env["MAILWRIGHT_KAFKA_BOOTSTRAP"] == "127.0.0.1:4"
    assert env["MAILWRIGHT_KAFKA_IDEMPOTENCE"] == "false"
    assert env["MAILWRIGHT_AGENTMAIL_URL"] == "http://127.0.0.1:2/agentmail"
    assert env["MAILWRIGHT_DAY_SECONDS"] == "2"
    assert env["MAILWRIGHT_SIMULATOR_DNS_PORT"] == "5"
    assert env["MAILWRIGHT_DNS_SERVERS"] == "127.0.0.1:5"
    assert env["PATH"] == "/bin"


def test_real_zones_are_looked_up_in_real_dns() -> None:
    assert "MAILWRIGHT_DNS_SERVERS" not in given(MAILWRIGHT_CLOUDFLARE_URL="https://cloudflare.test")


def test_a_setting_of_the_caller_replaces_that_part() -> None:
    env = given(MAILWRIGHT_KAFKA_BOOTSTRAP="kafka:9092", MAILWRIGHT_AGENTMAIL_URL="https://agentmail.test")

    assert not embeds_broker(env)
    assert env["MAILWRIGHT_KAFKA_BOOTSTRAP"] == "kafka:9092"
    assert "MAILWRIGHT_KAFKA_IDEMPOTENCE" not in env
    assert env["MAILWRIGHT_AGENTMAIL_URL"] == "https://agentmail.test"
    assert embeds_simulator({"MAILWRIGHT_AGENTMAIL_URL": "https://agentmail.test"})
