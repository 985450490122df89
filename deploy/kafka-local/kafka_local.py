#!/usr/bin/env python3
"""Apache Kafka on this machine's Java, without containers: fetches its pinned jars once, then becomes the broker.

    kafka_local.py fetch
    kafka_local.py run --port 9092 --data ./kafka-data

Needs Java 17 and, the first time, Maven. Nothing but the standard library, so any Python runs it.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_CLUSTER_ID = "bWFpbHdyaWdodC1sb2NhbA"  # any 16 bytes in base64: one broker is a cluster of its own
_FETCH_SECONDS = 300
_JAVA = (
    "java",
    "-Xmx320m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # starts in half the time, and nobody measures Kafka here
    "-Dorg.apache.logging.log4j.level=WARN",
)


def version() -> str:
    """The pinned version of Apache Kafka."""
    found = ET.parse(_POM).findtext(".//{*}kafka.version")  # noqa: S314  our own file
    if not found:
        raise ValueError(f"{_POM} names no kafka.version")
    return found


def jars() -> Path:
    """Where the broker's jars are kept, or will be."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "mailwright" / f"kafka-{version()}"


def fetch() -> Path:
    """Get the jars through Maven unless they are there, and return their folder.

    Safe when several start at once: one fetches, the others wait for it. An interrupted fetch leaves nothing behind
    that counts.

    Raises:
        RuntimeError: Maven is missing or failed.
    """
    target = jars()
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=target.parent, prefix="fetching-") as scratch:
                fetched = Path(scratch) / "jars"
                _copy_dependencies(fetched, Path(scratch))
                fetched.rename(target)
    return target


def _copy_dependencies(target: Path, scratch: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise RuntimeError("Maven (mvn) is needed to fetch Apache Kafka")
    shutil.copy(_POM, scratch)  # Maven may write beside its project
    options = ("--batch-mode", "--quiet", "-DincludeScope=runtime", f"-DoutputDirectory={target}")
    done = subprocess.run(  # noqa: S603  our own command
        [maven, *options, "dependency:copy-dependencies"],
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_FETCH_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"Maven could not fetch Apache Kafka {version()}:\n{done.stdout}{done.stderr}")


def properties(port: int, controller_port: int, data: Path) -> dict[str, str]:
    """The settings of one broker that is its own controller, listening on this machine only."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": str(data / "log"),
        # As in production: topics are made on purpose. One broker can hold one replica.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A lone consumer gets its partitions at once instead of after three seconds.
        "group.initial.rebalance.delay.ms": "0",
        # Small: the defaults are meant for a machine of its own.
        "offsets.topic.num.partitions": "8",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": "16777216",
    }


def run(port: int, controller_port: int, data: Path) -> None:
    """Become a broker on `port` that keeps its records in `data`; does not return. SIGTERM stops it in good order."""
    class_path = f"{fetch()}/*"
    data.mkdir(parents=True, exist_ok=True)
    config = data / "server.properties"
    config.write_text(
        "".join(
            f"{key}={value}\n" for key, value in properties(port, controller_port, data.resolve()).items()
        )
    )
    java = (*_JAVA, "-cp", class_path)
    format_data = (*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", _CLUSTER_ID, "-c")
    if not (data / "log" / "meta.properties").exists():
        subprocess.run((*format_data, str(config)), stdout=subprocess.DEVNULL, check=True)  # noqa: S603  our own command
    os.execvp("java", (*java, "kafka.Kafka", str(config)))  # noqa: S606, S607  the same process: signals reach the broker


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=f"Apache Kafka {version()} on this machine's Java.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("version", help="print which Apache Kafka it is")
    commands.add_parser("fetch", help="get the jars, once, and print where they are")
    runs = commands.add_parser("run", help="fetch if needed, and be the broker until stopped")
    runs.add_argument("--port", type=int, default=9092)
    runs.add_argument("--controller-port", type=int, help="default: the port after --port")
    runs.add_argument("--data", type=Path, required=True, help="the folder that keeps the records")
    chosen = parser.parse_args()
    try:
        if chosen.command == "version":
            print(version())  # noqa: T201  what it was asked for
        elif chosen.command == "fetch":
            print(fetch())  # noqa: T201  what it was asked for
        else:
            run(chosen.port, chosen.controller_port or chosen.port + 1, chosen.data)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"kafka-local: {error}", file=sys.stderr)  # noqa: T201  a command's own voice
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
