"""Migrations of a version that does not exist yet: each owner's own ones, and one more on top."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.db.migrate import migrate
from shared.db.revisions import OWNERS, Phase, history_of
from tests.support.engines import scratch_folder

_REVISION = """
from alembic import op

revision = "{owner}_test_{phase}"
down_revision = "{before}"
branch_labels = None
depends_on = None
phase = "{phase}"


def upgrade():
    for statement in {statements!r}:
        op.execute(statement)
"""


@contextmanager
def newer_code(
    changes: Mapping[str, tuple[str, ...]], phases: tuple[Phase, ...] = (Phase.PRE,)
) -> Iterator[None]:
    """Let the code of this process be a newer version, whose new revisions run these statements, by owner.

    With several phases there is one revision for each; only the first one changes anything.
    """
    with scratch_folder("newer") as folder:
        before = dict(OWNERS)
        try:
            for owner, statements in changes.items():
                head = history_of(owner)[-1].id
                OWNERS[owner] = shutil.copytree(before[owner], folder / owner)
                for phase in phases:
                    _write(folder / owner, owner, phase, head, statements)
                    head, statements = f"{owner}_test_{phase}", ()  # noqa: PLW2901  the next one follows it
            yield
        finally:
            OWNERS.update(before)


def _write(folder: Path, owner: str, phase: Phase, before: str, statements: tuple[str, ...]) -> None:
    text = _REVISION.format(owner=owner, phase=phase, before=before, statements=statements)
    (folder / f"9999_{phase}_test.py").write_text(text)


async def migrated(database_url: str, phase: Phase = Phase.ALL) -> tuple[str, ...]:
    """Migrate as the command does: Alembic wants a thread without a running loop."""
    return await asyncio.to_thread(lambda: asyncio.run(migrate(database_url, phase=phase)))
