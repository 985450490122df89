"""The moments of erasing files at which a test may kill or raise."""

from __future__ import annotations

from shared.observability import failpoints

FAIL_POINTS: dict[str, str] = {
    "threads.erase_files.before_delete": "files are claimed, all of their bytes are still there",
    "threads.erase_files.after_delete": "the bytes of files are deleted, their rows still name them",
}

failpoints.register(FAIL_POINTS)
