"""The command line: every command loads, and refuses what it does not know."""

import pkgutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mailwright import commands
from mailwright.cli import app

NAMES = sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))
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


def test_a_service_ends_when_its_parent_is_gone() -> None:
    assert subprocess.run([sys.executable, "-c", PARENT_WATCH], check=False, timeout=10).returncode == 1
