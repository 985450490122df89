"""A database that was killed together with whoever would have waited for it does not keep the next one from starting."""

import subprocess
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
