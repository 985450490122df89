"""What the tests of several services need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Arm a fail point to raise at its first hit."""
    monkeypatch.setenv("MAILWRIGHT_FAILPOINTS_DIR", str(tmp_path))

    def armed(name: str) -> None:
        (tmp_path / name).write_text("raise 1")

    return armed
