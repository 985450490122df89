"""Every migration says which half of a rollout it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.db.revisions import OWNERS, history_of


@pytest.mark.parametrize("owner", OWNERS)
def test_every_revision_is_marked_and_its_file_is_named_after_its_half(owner: str) -> None:
    halves = {revision.id: revision.phase for revision in history_of(owner)}
    files = sorted(OWNERS[owner].glob("*.py"))

    assert len(files) == len(halves), "every file is one revision of one line"
    for file in files:
        revision = _value_of("revision", file)
        assert revision.startswith(f"{owner}_")
        assert f"_{halves[revision]}_" in file.name


def test_a_revision_without_a_half_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unmarked.py").write_text("revision = 'x_0001'\ndown_revision = None\ndef upgrade(): ...\n")
    monkeypatch.setitem(OWNERS, "warmup", tmp_path)

    with pytest.raises(LookupError, match="x_0001 of warmup is not marked"):
        history_of("warmup")


def _value_of(name: str, file: Path) -> str:
    line = next(line for line in file.read_text().splitlines() if line.startswith(f"{name} = "))
    return line.split("=", 1)[1].strip().strip('"')
