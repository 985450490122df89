"""Writing down which contract tests passed."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.contract.coverage import FOLDER, TABLE, Holder, table

_RESULTS = pytest.StashKey[dict[Holder, str]]()
OPTION = "--write-contract-coverage"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="write docs/contract-coverage.md from this run")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RESULTS] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember the worst of each test's phases and parameters."""
    report = yield
    path = Path(item.path)
    if path.is_relative_to(FOLDER):
        holder = Holder(path.relative_to(FOLDER).as_posix(), getattr(item, "originalname", item.name))
        results = item.config.stash[_RESULTS]
        if report.outcome != "passed" or holder not in results:
            results[holder] = report.outcome
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption(OPTION, default=False):
        results: dict[Holder, str] = session.config.stash[_RESULTS]
        TABLE.write_text(table(results))
