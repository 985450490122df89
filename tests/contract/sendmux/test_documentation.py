"""What machines can read of the API: its index, and names that never change their case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.sendmux.driver import Json, Sendmux, data_of, fresh

contract = pytest.mark.contract

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@contract("S4-41")
async def test_an_index_for_machines_lists_every_operation(nobody: Sendmux) -> None:
    answer = await nobody.http.get("/llms.txt")
    document = (await nobody.http.get("/openapi.json")).json()

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"`{method.upper()} {path}` {operation['operationId']}" in answer.text


@contract("S4-42")
async def test_every_field_of_what_is_made_and_refused_is_in_snake_case(
    sendmux: Sendmux, domain: Json
) -> None:
    made = await sendmux.create(f"{fresh('snake')}@{domain['domain']}")
    refused = await sendmux.create("nobody")

    assert data_of(made)["imap_smtp_credentials"]
    strays = [
        name for body in (made.json(), refused.json()) for name in names(body) if not SNAKE.fullmatch(name)
    ]
    assert not strays


def names(value: Any) -> Iterator[str]:
    """Yield the names of all fields, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names(inner)
    if isinstance(value, list):
        for inner in value:
            yield from names(inner)
