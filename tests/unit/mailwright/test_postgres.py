"""A database that was killed together with whoever would have waited for it does not keep the next one from starting."""

import subprocess
import sys
from pathlib import Path

from mailwright import postgres


def test_a_dead_server_that_nobody_collected_is_told_from_a_running_one(tmp_path: Path) -> None:
    server = subprocess.Popen(["sleep", "60"])
    (tmp_path / "postmaster.pid").write_text(f"{server.pid}\n{tmp_path}\n")
    assert not postgres.is_uncollected(tmp_path)

    server.kill()
    while not postgres.is_uncollected(tmp_path):
        assert server.returncode is None

    postgres.forget_server(tmp_path)
    assert not postgres.is_uncollected(tmp_path)
    server.wait()


def test_a_collected_or_unknown_server_is_gone(tmp_path: Path) -> None:
    assert not postgres.is_uncollected(tmp_path)
    server = subprocess.Popen(["true"])
    server.wait()
    (tmp_path / "postmaster.pid").write_text(f"{server.pid}\n")
    assert not postgres.is_uncollected(tmp_path)


def test_what_a_killed_server_leaves_behind_is_seen_until_it_has_ended(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    for folder in (data, elsewhere):
        folder.mkdir()
        (folder / "postmaster.pid").write_text("999999999\n")
    program = tmp_path / "postgres"
    program.symlink_to(sys.executable)
    sleep = ("-c", "import time; time.sleep(60)")
    orphan = subprocess.Popen([program, *sleep], cwd=data)
    other = subprocess.Popen([sys.executable, *sleep], cwd=elsewhere)

    assert postgres.has_orphans(data)
    assert not postgres.has_orphans(elsewhere), "it is no database that works there"

    for process in (orphan, other):
        process.kill()
        process.wait()
    assert not postgres.has_orphans(data)
