"""Folders that are erased afterwards, also when what used them left something mounted there."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.verify.console import run


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder of its own, erased at the end of the block.

    Whatever is mounted below it is unmounted first: an interrupted debootstrap leaves /proc there, and erasing that
    would be erasing the machine's. Raises Failed, and erases nothing, if it cannot be unmounted.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"mailwright-{name}-"))
    try:
        yield folder
    finally:
        for mounted in _mounted_below(folder):
            run(["umount", mounted])
        shutil.rmtree(folder)


def _mounted_below(folder: Path) -> list[str]:
    """What is mounted below a folder, the innermost first."""
    table = Path("/proc/mounts")
    points = [line.split()[1] for line in table.read_text().splitlines()] if table.exists() else []
    return [point for point in reversed(points) if point.startswith(f"{folder}/")]
