"""The committed OpenAPI document is the one the gateway serves."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from mailwright.cli import app

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_document_is_what_the_code_says() -> None:
    printed = CliRunner().invoke(app, ["openapi"], catch_exceptions=False)

    assert DOCUMENT.read_text() == printed.stdout, "run `mailwright openapi > docs/openapi.json`"
