"""Looking at processes from outside."""

import psutil


def is_running(pid: int) -> bool:
    """Whether the process exists and has not ended (one that nobody has waited for counts as ended)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
