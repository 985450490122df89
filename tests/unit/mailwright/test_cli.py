"""The command line: every command loads, and refuses what it does not know."""

import os
import pkgutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mailwright import commands
from mailwright.cli import app

NAMES = sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))
SETTINGS = {"MAILWRIGHT_DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "MAILWRIGHT_KAFKA_BOOTSTRAP": "b:1"}
PARENT_WATCH = "from mailwright.commands.serve import _end_with; _end_with(1)"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str) -> None:
    answer = CliRunner().invoke(app, [name, "--help"])

    assert answer.exit_code == 0
    assert "Usage" in answer.output


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(app, ["upp"]).exit_code == 2


def test_an_unknown_service_is_refused_by_name() -> None:
    answer = CliRunner().invoke(app, ["serve", "gatway", "--port", "8080"])

    assert answer.exit_code == 2
    assert "gatway" in answer.output


@pytest.mark.parametrize(
    ("service", "settings", "line"),
    [
        (
            "warmup",
            {"MAILWRIGHT_KAFKA_BOOTSTRAP": "b:1", "MAILWRIGHT_TOPIC_PARTITIONS": "many-words"},
            "mailwright: MAILWRIGHT_DATABASE_URL: field required; MAILWRIGHT_TOPIC_PARTITIONS: input should be",
        ),
        (
            "warmup",
            {**SETTINGS, "MAILWRIGHT_DAY_SECONDS": "0", "MAILWRIGHT_CLOCK_ANCHOR": "2026-01-01T00:00:00"},
            "mailwright: MAILWRIGHT_DAY_SECONDS: input should be greater than 0; MAILWRIGHT_CLOCK_ANCHOR: input should",
        ),
        (
            "provisioner",
            {**SETTINGS, "MAILWRIGHT_MASTER_KEYS": "1:many-words"},
            "mailwright: MAILWRIGHT_MASTER_KEYS is not of the form",
        ),
        (
            "gateway",
            {**SETTINGS, "MAILWRIGHT_MASTER_KEYS": "1:many-words"},
            "mailwright: MAILWRIGHT_MASTER_KEYS is not of the form",
        ),
    ],
)
def test_settings_that_cannot_be_are_one_line_without_their_values(
    service: str, settings: dict[str, str], line: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "mailwright", "serve", service, "--port", "28999"],
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith(line)
    assert ended.stderr.count("\n") == 1
    assert "many-words" not in ended.stderr


def test_a_service_ends_when_its_parent_is_gone() -> None:
    assert subprocess.run([sys.executable, "-c", PARENT_WATCH], check=False, timeout=60).returncode == 1
