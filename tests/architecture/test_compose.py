"""What docker-compose.yml names exists: settings, secrets, metrics, and the release of Apache Kafka that tests run on."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from pydantic_settings import BaseSettings

from services.gateway.settings import GatewaySettings
from services.provisioner.settings import ProvisionerSettings
from services.simulator.settings import SimulatorSettings
from services.threads.settings import ThreadsSettings
from services.warmup.settings import WarmupSettings
from shared.observability import metrics

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
STACK: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SETTINGS: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "provisioner": ProvisionerSettings,
    "warmup": WarmupSettings,
    "threads": ThreadsSettings,
    "simulator": SimulatorSettings,
}
KNOWN = {"secrets_dir"} | {name for settings in SETTINGS.values() for name in settings.model_fields}


@pytest.mark.parametrize("service", SETTINGS)
def test_every_variable_and_secret_of_a_service_is_a_setting(service: str) -> None:
    described = STACK["services"][service]

    given = {name for name in described["environment"] if name.startswith("MAILWRIGHT_")}
    unknown = {name for name in given if name.removeprefix("MAILWRIGHT_").lower() not in KNOWN}
    fields = SETTINGS[service].model_fields
    secrets = {name.removeprefix("mailwright_") for name in described.get("secrets", [])}

    assert not unknown
    assert secrets <= set(fields)


def test_make_secrets_makes_every_secret_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    environment = {**os.environ, "MAILWRIGHT_SECRETS": str(folder)}

    subprocess.run([COMPOSE / "make-secrets"], env=environment, check=True, stdout=subprocess.DEVNULL)
    made = {path.name: path.read_text() for path in folder.iterdir()}
    subprocess.run([COMPOSE / "make-secrets"], env=environment, check=True, stdout=subprocess.DEVNULL)

    assert set(made) == set(STACK["secrets"])
    assert all(made.values())
    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    assert folder.stat().st_mode & 0o777 == 0o700


def test_every_metric_is_on_the_dashboard_and_every_panel_shows_one_that_exists() -> None:
    dashboard = json.loads((COMPOSE / "grafana/dashboards/mailwright.json").read_text())

    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    shown = {re.sub(r"_(total|bucket)$", "", name) for name in re.findall(r"mailwright_[a-z_]+", asked)}
    exist = {str(getattr(value, "_name", "")) for value in vars(metrics).values()} - {""}

    assert shown == exist


def test_compose_and_the_tests_run_the_same_release_of_kafka() -> None:
    pinned = re.search(
        r"<kafka.version>(.+)</kafka.version>", (ROOT / "deploy/kafka-local/pom.xml").read_text()
    )

    assert pinned is not None
    assert STACK["services"]["kafka"]["image"] == f"apache/kafka:{pinned[1]}"
