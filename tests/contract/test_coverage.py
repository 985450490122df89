"""Every statement of the reference contracts is named by a test that holds it, and the table says so."""

from __future__ import annotations

from tests.contract.coverage import TABLE, Holder, named, table
from tests.contract.statements import STATEMENTS


def test_every_statement_has_a_test_that_names_it() -> None:
    missing = [statement for statement in STATEMENTS if statement not in named()]

    assert not missing, ", ".join(missing)


def test_no_test_names_a_statement_that_does_not_exist() -> None:
    strays = {statement: tests for statement, tests in named().items() if statement not in STATEMENTS}

    assert not strays


def test_the_table_in_the_docs_is_that_of_the_tests_and_all_of_them_passed() -> None:
    passed = {Holder(each.path, each.test): "passed" for holders in named().values() for each in holders}

    assert TABLE.read_text() == table(passed)
