"""Clients with dangerous defaults are built in one place each, so that no other default can slip in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FACTORIES: dict[str, str] = {
    "KafkaBroker": "shared/messaging/broker.py",
    "AIOKafkaProducer": "shared/messaging/broker.py",
    "AIOKafkaConsumer": "shared/messaging/broker.py",
    "AIOKafkaAdminClient": "shared/messaging/broker.py",
    "subscriber": "shared/messaging/broker.py",
    "AsyncClient": "shared/http/client.py",
    "Client": "shared/http/client.py",
    "ClientSession": "shared/http/client.py",
    "create_pool": "shared/db/pool.py",
}
"""What is built, and the only file that may; a call of our own factory of the same name is not building."""

OWN_FACTORIES = {"shared.db.pool"}
SOURCES = sorted(
    path for folder in ("shared", "services", "mailwright") for path in (ROOT / folder).rglob("*.py")
)


def calls_of(path: Path) -> Iterator[tuple[str, str | None, int]]:
    """Yield each call's bare name, the module it was imported from, and its line."""
    tree = ast.parse(path.read_text())
    origins = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, origins.get(node.func.id), node.lineno
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, None, node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_clients_are_built_in_their_factory_only(path: Path) -> None:
    own = str(path.relative_to(ROOT))

    strays = [
        f"{own}:{line} builds {name}, which belongs in {FACTORIES[name]}"
        for name, origin, line in calls_of(path)
        if name in FACTORIES and own != FACTORIES[name] and origin not in OWN_FACTORIES
    ]

    assert not strays, "\n".join(strays)


def test_the_rule_sees_a_stray_client(tmp_path: Path) -> None:
    stray = tmp_path / "stray.py"
    stray.write_text("import httpx\nasync def f():\n    return httpx.AsyncClient()\n")

    assert ("AsyncClient", None, 3) in list(calls_of(stray))


TIME_AND_CHANCE = {
    ("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("uuid", "uuid4"), ("time", "time"),
}  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_wall_clock_is_read_in_one_place(path: Path) -> None:
    if path == ROOT / "shared/clock.py":
        return
    strays = [
        f"{path.relative_to(ROOT)}:{node.lineno} reads {node.func.value.id}.{node.func.attr}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in TIME_AND_CHANCE
    ]

    assert not strays, "\n".join(strays)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
