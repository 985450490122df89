"""Which promises `deploy/verify-compose` checks, in order; it ends with 0 only when every one of them held."""

import fcntl
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.verify import checks
from deploy.verify.console import Failed, complain, require, say
from deploy.verify.engine import CACHE, Engine, engine
from deploy.verify.images import OFFICIAL, ensure_images
from deploy.verify.stack import CONTAINERS, Stack, composed


def main() -> int:
    """Verify, and say in the last line how it ended."""
    began = time.monotonic()
    # Asked to end, it ends as with Ctrl-C: what it started is stopped and removed first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _alone(), engine(list(OFFICIAL.values())) as chosen:
            ensure_images(chosen)
            checks.check_image(chosen)
            _verify(chosen)
    except Failed as failure:
        complain(f"FAIL  {failure}")
        return 1
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    say(f"every promise held, in {time.monotonic() - began:.0f} s")
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """Two runs would share the project and the engine's images. Raises Failed while another one is under way."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "verify-compose.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Failed("another verification is under way") from taken
        yield


def _verify(chosen: Engine) -> None:
    with composed(chosen) as stack:
        say("starting the stack")
        stack.compose("up", "--detach", "--no-build")
        try:
            stack.wait_healthy()
            _check(stack)
        except Failed:
            complain(stack.log())
            raise
    require(not stack.leftovers(), "`down --volumes` left nothing")


def _check(stack: Stack) -> None:
    checks.check_hardening(stack)
    api, domain_id = checks.first_account(stack)
    checks.check_repeatable(stack)
    addresses = [f"ada@{checks.DOMAIN}"]
    for container in CONTAINERS:
        addresses += checks.check_crash(stack, api, domain_id, container)
    checks.check_ledger(stack, addresses)
    checks.check_stop(stack)


if __name__ == "__main__":
    sys.exit(main())
