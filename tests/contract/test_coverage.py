"""Every statement of the reference contracts is named by a test that holds it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.contract.checklist_ids import IDS

FOLDER = Path(__file__).parent


def marks(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each id that a test of this file names, with the test."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in {
                "contract",
                "pytest.mark.contract",
            }:
                yield from ((str(ast.literal_eval(each)), node.name) for each in decorator.args)


NAMED = [named for path in sorted(FOLDER.rglob("test_*.py")) for named in marks(path)]


def test_every_statement_has_a_test_that_names_it() -> None:
    missing = IDS - {statement for statement, _ in NAMED}

    assert not missing, ", ".join(sorted(missing))


def test_no_test_names_a_statement_that_does_not_exist() -> None:
    strays = sorted(f"{test}: {statement}" for statement, test in NAMED if statement not in IDS)

    assert not strays, "\n".join(strays)
