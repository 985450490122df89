"""The page of settings says what the code reads: all of it, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailwright.settings_table import SERVICES, markdown, rows_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
READERS = [
    *(path for folder in ("shared", "services", "mailwright") for path in (ROOT / folder).rglob("*.py")),
    *(path for path in (ROOT / "tests" / "support").rglob("*.py")),
    *(path for path in (ROOT / "deploy" / "compose").rglob("*") if path.is_file()),
    ROOT / "docker-compose.yml",
]
VARIABLE = re.compile(r"\bMAILWRIGHT_[A-Z_]*[A-Z]\b")
PREFIXES = {"MAILWRIGHT_SIMULATOR"}


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == markdown(), "run `mailwright settings > docs/settings.md`"


def test_every_variable_that_anything_reads_is_on_the_page() -> None:
    described = set(VARIABLE.findall(PAGE.read_text()))

    strays = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in READERS
        for name in VARIABLE.findall(path.read_text())
        if name not in described | PREFIXES
    }

    assert not strays


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_has_a_meaning_that_is_a_sentence(service: str) -> None:
    for cls in SERVICES[service]:
        for row in rows_of(cls):
            assert row.meaning.endswith((".", "`")), row
            assert row.type, row
