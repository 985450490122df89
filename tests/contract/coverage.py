"""Which tests hold which statements of the reference contracts: read from the tests, and written down as a table."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.contract.statements import STATEMENTS

FOLDER = Path(__file__).parent
TABLE = FOLDER.parents[1] / "docs" / "contract-coverage.md"
HEAD = """# What holds the reference contracts

Every statement of the reference pages, in our own words, and every reading of what they leave open, with the tests that hold it over real HTTP.
Written by `pytest tests/contract --write-contract-coverage`, and only if each of these tests has just passed; a test compares the rows with
the code.

| id | statement | tests | result |
| --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A test that names a statement; `path` is that of its file, below tests/contract."""

    path: str
    test: str


@cache
def named() -> dict[str, list[Holder]]:
    """Return the statements that tests name, with those tests."""
    found: dict[str, list[Holder]] = {}
    for path in sorted(FOLDER.rglob("test_*.py")):
        for statement, test in _marks(path):
            found.setdefault(statement, []).append(Holder(path.relative_to(FOLDER).as_posix(), test))
    return found


def table(results: Mapping[Holder, str]) -> str:
    """Return the table; a test that did not run has no result."""
    holders = named()
    return HEAD + "".join(
        f"| {statement} | {text} | {_tests(holders.get(statement, []))} | {_result(holders.get(statement, []), results)} |\n"
        for statement, text in STATEMENTS.items()
    )


def _tests(holders: list[Holder]) -> str:
    return "<br>".join(f"`{each.path}` {each.test}" for each in holders)


def _result(holders: list[Holder], results: Mapping[Holder, str]) -> str:
    outcomes = {results.get(each, "not run") for each in holders} or {"no test"}
    return ", ".join(sorted(outcomes))


def _marks(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in {
                "contract",
                "pytest.mark.contract",
            }:
                yield from ((str(ast.literal_eval(each)), node.name) for each in decorator.args)
