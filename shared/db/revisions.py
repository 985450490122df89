"""Which revisions a schema has, in order, and how far each half of a migration may take it.

Every revision is marked. `pre` = the code before it can live with it (a new table, a nullable column): it runs before new
code is rolled out. `post` = only the new code can live with it (a column dropped): it runs when no old code is left.

Every service looks at these when it starts, so they are read from the files: to load Alembic, which runs them, and what it
needs would be a quarter of the start and a fifth of the memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.errors import MailwrightError

ROOT = Path(__file__).parents[2]
OWNERS: dict[str, Path] = {
    "platform": ROOT / "shared/db/migrations",
    "provisioner": ROOT / "services/provisioner/migrations",
    "warmup": ROOT / "services/warmup/migrations",
    "threads": ROOT / "services/threads/migrations",
    "gateway": ROOT / "services/gateway/migrations",
}
"""Each owner's schema of the same name, and where its migrations are."""
_CONSTANT = re.compile(r"""^(\w+) = ["'](.*)["']$""", re.MULTILINE)


class Phase(StrEnum):
    """Which half of a migration to run."""

    PRE = "pre"
    POST = "post"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of a schema; `phase` is PRE or POST."""

    id: str
    phase: Phase


class OutOfPhase(MailwrightError):
    """The half that was asked for cannot run now; the message says what comes first."""

    code = "migration_out_of_phase"


def history_of(owner: str) -> tuple[Revision, ...]:
    """Return an owner's revisions, the oldest first.

    Raises:
        LookupError: There is none, they are not one line, or one is not marked as `pre` or `post`.
    """
    files = list(OWNERS[owner].glob("*.py"))
    following = {said.get("down_revision"): said for said in map(_constants, files)}
    history: list[Revision] = []
    while said := following.pop(history[-1].id if history else None, None):
        if said.get("phase") not in {Phase.PRE, Phase.POST}:
            raise LookupError(f"the revision {said['revision']} of {owner} is not marked as pre or post")
        history.append(Revision(said["revision"], Phase(said["phase"])))
    if not history or len(history) < len(files):
        raise LookupError(f"{owner} has no migrations, or they do not follow one another")
    return tuple(history)


def _constants(file: Path) -> dict[str, str]:
    """Return the texts that a migration's file gives names to, each in a line of its own."""
    return dict(_CONSTANT.findall(file.read_text()))


def needed_by(history: Sequence[Revision]) -> str | None:
    """Return the revision without which this code cannot run: the newest `pre` one; None if there is none."""
    return next((revision.id for revision in reversed(history) if revision.phase is Phase.PRE), None)


def is_behind(history: Sequence[Revision], current: str | None) -> bool:
    """Say whether a schema lacks what this code needs. A revision that this code does not know is ahead of it."""
    order = [None, *(revision.id for revision in history)]
    return current in order and order.index(current) < order.index(needed_by(history))


def is_ahead(history: Sequence[Revision], current: str | None) -> bool:
    """Say whether newer code has migrated the schema."""
    return current is not None and current not in {revision.id for revision in history}


def target_of(history: Sequence[Revision], current: str | None, phase: Phase) -> str | None:
    """Return the revision that a half of the migration ends at; None if there is nothing to run.

    Raises:
        OutOfPhase: `post` was asked for before `pre` has run, or `pre` before the last version's `post` has.
    """
    if is_ahead(history, current):
        return None  # newer code has been here: it knows the rest, this code does not
    ids = [revision.id for revision in history]
    pending = history[ids.index(current) + 1 if current is not None else 0 :]
    if phase is Phase.ALL or not pending:
        return pending[-1].id if pending else None
    expected = [revision for revision in pending if revision.phase is phase]
    ready = pending[: len(expected)]
    if phase is Phase.POST and len(expected) < len(pending):
        raise OutOfPhase(f"{pending[0].id} comes first: run `mailwright migrate --phase pre`.")
    if any(revision.phase is not phase for revision in ready):
        first = next(revision for revision in pending if revision.phase is not phase)
        raise OutOfPhase(
            f"{first.id} of an earlier version has not run: run `mailwright migrate --phase post` with that version,"
            " or stop every service and run `mailwright migrate`."
        )
    return ready[-1].id if ready else None
