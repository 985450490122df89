"""Every migration says which half of a rollout it belongs to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from shared.db.migrate import config_of
from shared.db.revisions import OWNERS, history_of
from shared.db.roles import SERVICES


@pytest.mark.parametrize("owner", OWNERS)
def test_every_revision_is_marked_and_its_file_is_named_after_its_half(owner: str) -> None:
    halves = {revision.id: revision.phase for revision in history_of(owner)}
    files = sorted(OWNERS[owner].glob("*.py"))

    assert len(files) == len(halves), "every file is one revision of one line"
    for file in files:
        revision = _value_of("revision", file)
        assert revision.startswith(f"{owner}_")
        assert f"_{halves[revision]}_" in file.name


@pytest.mark.parametrize("owner", OWNERS)
def test_revisions_are_read_in_the_order_in_which_they_run(owner: str) -> None:
    run = list(ScriptDirectory.from_config(config_of(owner)).walk_revisions())

    assert [revision.id for revision in history_of(owner)] == [script.revision for script in reversed(run)]


def test_services_start_without_what_runs_migrations() -> None:
    services = ", ".join(f"services.{name}.main" for name in SERVICES)
    loaded = f"import sys, {services}; print(*sorted({{'alembic', 'sqlalchemy'}} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", loaded], check=True, capture_output=True, text=True, timeout=60
    )

    assert said.stdout.strip() == ""


def test_a_revision_without_a_half_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unmarked.py").write_text("revision = 'x_0001'\ndown_revision = None\ndef upgrade(): ...\n")
    monkeypatch.setitem(OWNERS, "warmup", tmp_path)

    with pytest.raises(LookupError, match="x_0001 of warmup is not marked"):
        history_of("warmup")


def _value_of(name: str, file: Path) -> str:
    line = next(line for line in file.read_text().splitlines() if line.startswith(f"{name} = "))
    return line.split("=", 1)[1].strip().strip('"')
