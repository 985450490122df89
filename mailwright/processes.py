"""How a child process is described, started so that it cannot outlive us, and stopped."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_LOG_LIMIT_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
# Loaded here because nothing may be imported between fork and exec.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """Everything needed to start one child process.

    `user` is a system user to switch to (None = stay). `stop_signal` asks the program to end in good order;
    `death_signal` is what the kernel sends it when we die without having asked. `fds` are files it inherits.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    fds: tuple[int, ...] = ()


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Start `program` in a session of its own, its output appended to its log.

    A session of its own keeps the terminal's Ctrl-C away from it. Call this from the main thread only: on Linux
    the death signal follows the thread that made the child.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a child process must be started from the main thread")
    _shorten(program.log)
    uid, gid = _ids(program.user) if program.user else (None, None)
    with program.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the programs are our own
            program.argv,
            env=dict(program.env),
            cwd="/" if program.user else None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=program.fds,
            preexec_fn=_die_with(os.getpid(), program.death_signal),  # noqa: PLW1509 - one system call, no locks
            user=uid,
            group=gid,
            extra_groups=[] if program.user else None,
        )


def kill(child: subprocess.Popen[bytes]) -> None:
    """Kill a child at once, with the helpers it has in its session; nothing happens if it has ended."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def inherited_env(**extra: str) -> dict[str, str]:
    """The few variables a foreign program needs: its behaviour must not depend on the caller's shell."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", **extra}


def last_line(log: Path) -> str:
    """The last non-empty line of a log, for an error message; empty if there is none."""
    if not log.exists():
        return ""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _ids(user: str) -> tuple[int, int]:
    import pwd  # noqa: PLC0415 - does not exist on Windows

    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child runs between fork and exec: after a user switch, which would clear the death signal."""
    libc = _LIBC
    if libc is None:
        return None

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_the_kernel


def _shorten(log: Path) -> None:
    """Set a log aside once it has grown large; one older file is kept."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
