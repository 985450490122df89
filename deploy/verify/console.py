"""How the verification speaks, and how it runs other programs."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Failed(Exception):
    """A promise did not hold, or the verification cannot run here; the message says which and why."""


def say(line: str) -> None:
    """Tell a person one line."""
    print(line, flush=True)  # noqa: T201  a command's own voice


def passed(promise: str) -> None:
    """Note that a promise held."""
    say(f"PASS  {promise}")


def require(held: bool, promise: str) -> None:
    """Go on if a promise held. Raises Failed if not."""
    if not held:
        raise Failed(promise)
    passed(promise)


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    stdin: str = "",
    within_seconds: float = 900.0,
) -> str:
    """Run a program to its end and return what it printed. Raises Failed, with its last words, if it fails."""
    try:
        done = subprocess.run(  # noqa: S603  our own commands
            argv,
            env=env,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=within_seconds,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{argv[0]}: {error}") from error
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Failed(f"`{' '.join(map(str, argv))}` ended with {done.returncode}:\n{words}")
    return done.stdout


def complain(line: str) -> None:
    """Tell a person what went wrong."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201  a command's own voice
