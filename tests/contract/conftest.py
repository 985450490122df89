"""Writing down which contract tests passed, after a run of all of them: `pytest tests/contract --write-contract-coverage`."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.contract.coverage import TABLE, Holder, named, table

OPTION = "--write-contract-coverage"
_FOLDER = PurePosixPath("tests/contract")
_RESULTS: dict[Holder, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="write docs/contract-coverage.md from this run")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember the worst of each test's phases and parameters; with several processes, of all of them."""
    path, _, name = report.nodeid.partition("::")
    if PurePosixPath(path).is_relative_to(_FOLDER):
        holder = Holder(PurePosixPath(path).relative_to(_FOLDER).as_posix(), name.partition("[")[0])
        if report.outcome != "passed" or holder not in _RESULTS:
            _RESULTS[holder] = report.outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the table if every test that it names has passed; else say which has not."""
    if not config.getoption(OPTION, default=False):
        return
    holders = {holder for each in named().values() for holder in each if holder.path != "test_coverage.py"}
    odd = sorted(f"{each.path} {each.test}" for each in holders if _RESULTS.get(each) != "passed")
    if odd:
        terminalreporter.write_line(f"docs/contract-coverage.md is not written; these did not pass: {odd}")
    else:
        TABLE.write_text(table(_RESULTS))
