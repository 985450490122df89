"""Where the images come from: pulled, or stand-ins of the same names made from this machine's packages; ours is built."""

import os
import re
import shutil
import sys
from pathlib import Path

from deploy.verify.console import ROOT, Failed, run, say
from deploy.verify.engine import Engine
from deploy.verify.scratch import scratch

OURS = "mailwright:verify"
_STAND_INS = Path(__file__).with_name("stand-ins")
_DEBIAN = "mailwright-stand-in/debian"
_SUITE = "bookworm"
_CA_BUNDLE = Path("etc/ssl/certs/ca-certificates.crt")


def _pinned() -> dict[str, str]:
    compose = (ROOT / "docker-compose.yml").read_text()
    images = {
        "postgres": re.search(r"image: (postgres:\S+)", compose),
        "kafka": re.search(r"image: (apache/kafka:\S+)", compose),
        "python": re.search(r"PYTHON_IMAGE=(\S+)", (ROOT / "deploy/docker/Dockerfile").read_text()),
    }
    return {name: found[1] for name, found in images.items() if found}


OFFICIAL = _pinned()
"""The images our files name, by what they bring."""


def ensure_images(engine: Engine) -> None:
    """Have every image that Compose needs. Raises Failed if one can neither be had nor made."""
    for name, image in OFFICIAL.items():
        if engine.can_have(image):
            continue
        if not engine.is_ours:
            raise Failed(f"{image} cannot be pulled")
        say(f"making a stand-in for {image}")
        _make_stand_in(engine, name, image)
    say("building our image")
    engine.docker("build", "--network", "host", "--tag", OURS, "--file", "deploy/docker/Dockerfile", ".")


def _make_stand_in(engine: Engine, name: str, image: str) -> None:
    if not engine.has(_DEBIAN):
        _make_debian(engine)
    with scratch("image") as folder:
        context = folder / name
        shutil.copytree(_STAND_INS / name, context)
        if name == "kafka":
            jars = run([sys.executable, "deploy/kafka-local/kafka_local.py", "fetch"]).strip()
            shutil.copytree(jars, context / "jars")
        engine.docker("build", "--network", "host", "--tag", image, context)


def _make_debian(engine: Engine) -> None:
    """Debian from this machine's mirror, trusting whom this machine trusts and fetching packages as it does."""
    say(f"making Debian {_SUITE} with debootstrap; this takes some minutes, once")
    with scratch("debian") as folder:
        root = folder / "root"
        run(["debootstrap", "--variant=minbase", "--include=ca-certificates", _SUITE, root, _mirror()])
        bundle = Path(os.environ.get("SSL_CERT_FILE") or Path("/") / _CA_BUNDLE)
        if bundle.is_file():
            shutil.copy(bundle, root / _CA_BUNDLE)
        (root / "etc/pip.conf").write_text(_pip_configuration())
        # It is thrown away if the build fails: waiting for the disk after each package protects nothing.
        (root / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
        for package in root.glob("var/cache/apt/archives/*.deb"):
            package.unlink()
        archive = folder / "root.tar"
        run(["tar", "--directory", root, "--create", "--file", archive, "."])
        engine.docker("import", archive, _DEBIAN)


def _mirror() -> str:
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        text = path.read_text() if path.is_file() else ""
        if found := re.search(r"^(?:URIs:|deb(?: \[.*?\])?)\s+(\S+)", text, re.MULTILINE):
            return found[1]
    raise Failed("no mirror of Debian's packages is configured on this machine")


def _pip_configuration() -> str:
    names = ("index_url", "extra_index_url", "trusted_host", "proxy", "timeout")
    chosen = {name: os.environ.get(f"PIP_{name.upper()}") for name in names}
    lines = [f"{name.replace('_', '-')} = {value}\n" for name, value in chosen.items() if value]
    return "".join(["[global]\n", f"cert = /{_CA_BUNDLE}\n", *lines])
