"""Which container engine the verification uses: the one that answers, or one of its own that it stops at the end."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.verify.console import Failed, run, say
from deploy.verify.scratch import scratch

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mailwright"
"""What later runs need not make again."""
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_PULL_SECONDS = 600.0


@dataclass(frozen=True)
class Engine:
    """A container engine that answers."""

    env: Mapping[str, str]
    """What its clients must be run with."""
    is_ours: bool
    """Whether we started it: stand-ins under official names are made in an engine of our own only."""

    def docker(self, *arguments: str | Path, stdin: str = "", within_seconds: float = 900.0) -> str:
        """Run a docker command and return what it printed; raises Failed if it fails."""
        return run(["docker", *arguments], env=self.env, stdin=stdin, within_seconds=within_seconds)

    def has(self, image: str) -> bool:
        """Whether an image is there already."""
        return _succeeds(lambda: self.docker("image", "inspect", image))

    def can_have(self, image: str) -> bool:
        """Whether an image is there, or could be pulled."""
        return self.has(image) or _succeeds(
            lambda: self.docker("pull", "--quiet", image, within_seconds=_PULL_SECONDS)
        )


@contextmanager
def engine(images: Sequence[str]) -> Iterator[Engine]:
    """The engine that answers, if it can have these images; else one of our own, whose images are kept for the next run.

    Raises Failed when there is neither.
    """
    ambient = Engine(dict(os.environ), is_ours=False)
    if shutil.which("docker") is None:
        raise Failed("the docker command is needed")
    if _succeeds(lambda: ambient.docker("version", within_seconds=10.0)):
        if all(ambient.can_have(image) for image in images):
            say("using the container engine that answers")
            yield ambient
            return
        say("the container engine that answers cannot pull the images; starting one of our own beside it")
    with _own_engine() as own:
        yield own


@contextmanager
def _own_engine() -> Iterator[Engine]:
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        raise Failed(
            "no container engine that can pull images answers; to start one, root and dockerd are needed"
        )
    cache = CACHE / "containers"
    with scratch("engine") as folder:
        address = f"unix://{folder}/docker.sock"
        log = (folder / "log").open("w")
        argv = ["dockerd", "--host", address, "--data-root", str(cache), "--exec-root", f"{folder}/exec"]
        # No default bridge: Compose brings its own networks, and another engine may be using that one.
        argv += ["--pidfile", f"{folder}/pid", "--bridge", "none"]
        # Nothing here needs the world outside, and this machine must not be left a router.
        argv += ["--ip-forward=false"]
        daemon = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)  # noqa: S603
        try:
            own = Engine({**os.environ, "DOCKER_HOST": address}, is_ours=True)
            _wait_for(own, daemon, Path(log.name))
            say(f"started a container engine of our own; its images stay in {cache}")
            yield own
        finally:
            daemon.terminate()
            try:
                daemon.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
            log.close()


def _wait_for(own: Engine, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _succeeds(lambda: own.docker("version", within_seconds=10.0)):
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise Failed("dockerd did not start:\n" + "\n".join(log.read_text().splitlines()[-5:]))
        time.sleep(0.2)


def _succeeds(action: Callable[[], object]) -> bool:
    try:
        action()
    except Failed:
        return False
    return True
