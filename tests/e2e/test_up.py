"""`mailwright up` as a person meets it: it starts, says so, goes on where it stopped, and leaves nothing behind."""

import json
import signal
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from mailwright.ports import answers_ok
from tests.support.engines import embedded_broker, embedded_postgres, scratch_folder
from tests.support.eventually import eventually
from tests.support.processes import is_running
from tests.support.stack import PARTS, RunningStack, running_stack, start_command


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """One data directory for the whole file: making a database takes longer than anything else here."""
    with scratch_folder("up") as folder:
        yield folder


@pytest.fixture
async def stack(data_dir: Path) -> AsyncIterator[RunningStack]:
    async with running_stack(data_dir) as running:
        yield running


def family(stack: RunningStack) -> set[int]:
    """Every process under the supervisor, the backends of the database included."""
    return {child.pid for child in psutil.Process(stack.process.pid).children(recursive=True)}


async def test_ready_means_that_every_part_answers_and_the_keys_are_there(stack: RunningStack) -> None:
    assert set(stack.pids) == PARTS
    assert await answers_ok(int(stack.base_url.rsplit(":", 1)[1]), "/health/ready")
    assert await answers_ok(int(stack.simulator_url.rsplit(":", 1)[1]), "/health/live")
    assert set(stack.keys) == set(stack.keys_other) == {"puffle", "myagentmail", "sendmux"}
    assert stack.keys["puffle"] != stack.keys_other["puffle"]


async def test_files_with_secrets_are_for_their_owner_only(stack: RunningStack) -> None:
    for name in ("secrets.json", "demo.json", "stack.json"):
        assert stat.S_IMODE((stack.data_dir / name).stat().st_mode) == 0o600


async def test_a_second_start_goes_on_with_keys_ports_and_calendar(data_dir: Path) -> None:
    async with running_stack(data_dir) as first:
        keys, database = first.keys, first.database_url
        calendar = json.loads((data_dir / "clock.json").read_text())

    async with running_stack(data_dir) as second:
        again = json.loads((data_dir / "clock.json").read_text())

        assert second.keys == keys
        assert second.database_url == database
        assert again["anchor"] == calendar["anchor"]
        assert again["paused_seconds"] > calendar["paused_seconds"]
        assert not any("making the database" in line for line in second.said)


async def test_a_locked_data_directory_is_one_clear_line(stack: RunningStack) -> None:
    second = await start_command(stack.data_dir, "--port", "0", "--simulator-port", "0")
    out, err = await second.communicate()

    assert second.returncode == 1
    assert not out
    assert err.decode().strip().count("\n") == 0
    assert "already running" in err.decode()
    assert stack.process.returncode is None


async def test_a_taken_port_is_one_clear_line_and_starts_nothing(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start_command(data_dir, "--port", str(port), "--simulator-port", "0")
        out, err = await process.communicate()

    assert process.returncode == 1
    assert not out
    assert f"port {port} is taken" in err.decode().splitlines()[-1]
    assert json.loads((data_dir / "stack.json").read_text())["processes"] == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_leaves_no_process_within_five_seconds(
    stack: RunningStack, number: signal.Signals
) -> None:
    processes = family(stack)

    assert len(processes) > len(PARTS)
    assert await stack.stop(number, within=5) == 0
    assert not any(is_running(pid) for pid in processes)
    assert not any("killed" in line for line in stack.said)


async def test_a_stop_while_starting_leaves_no_process(data_dir: Path) -> None:
    process = await start_command(data_dir, "--port", "0", "--simulator-port", "0")
    supervisor = psutil.Process(process.pid)
    children = await eventually(lambda: supervisor.children(recursive=True), within=60)

    process.send_signal(signal.SIGTERM)
    await process.communicate()

    await eventually(lambda: not any(is_running(child.pid) for child in children))
    assert process.returncode == 0


async def test_a_stop_while_making_the_database_leaves_no_process_and_no_half_made_database() -> None:
    with scratch_folder("up") as fresh:
        process = await start_command(fresh, "--port", "0", "--simulator-port", "0")
        supervisor = psutil.Process(process.pid)
        await eventually((fresh / "postgres.unfinished").exists, within=60)
        children = supervisor.children(recursive=True)

        process.send_signal(signal.SIGTERM)
        await process.communicate()

        await eventually(lambda: not any(is_running(child.pid) for child in children))
        assert process.returncode == 0
        async with running_stack(fresh) as second:
            assert set(second.pids) == PARTS


async def test_a_supervisor_killed_outright_leaves_no_process(stack: RunningStack) -> None:
    processes = family(stack)

    stack.process.kill()
    await stack.process.wait()

    await eventually(lambda: not any(is_running(pid) for pid in processes))


async def test_a_database_and_a_broker_of_the_caller_replace_ours() -> None:
    with embedded_postgres() as database, embedded_broker() as bootstrap:
        env = {
            "MAILWRIGHT_DATABASE_URL": database,
            "MAILWRIGHT_KAFKA_BOOTSTRAP": bootstrap,
            "MAILWRIGHT_KAFKA_IDEMPOTENCE": "false",
            "MAILWRIGHT_KAFKA_FETCH_MAX_WAIT_MS": "20",
        }
        async with running_stack(env=env) as outside:
            assert set(outside.pids) == PARTS - {"postgres", "broker"}
            assert (outside.database_url, outside.kafka_bootstrap) == (database, bootstrap)


async def test_a_service_that_hangs_is_killed_and_the_stop_keeps_its_time(stack: RunningStack) -> None:
    processes = family(stack)
    stack.kill("warmup", signal.SIGSTOP)

    assert await stack.stop(within=8) == 0

    assert not any(is_running(pid) for pid in processes)
    assert "warmup did not stop in time: killed" in stack.said


async def test_a_second_signal_stops_at_once(stack: RunningStack) -> None:
    stack.kill("warmup", signal.SIGSTOP)
    stack.process.send_signal(signal.SIGINT)
    await eventually(lambda: "stopping …" in stack.said)

    assert await stack.stop(signal.SIGINT) == 0
    assert "warmup did not stop in time: killed" not in stack.said


async def test_the_demo_tells_a_first_account_until_it_may_send_and_finds_it_again() -> None:
    with scratch_folder("demo") as folder:
        async with running_stack(folder, demo=True, day_seconds=0.5) as first:
            await eventually(lambda: "the account is active" in first.said, within=90)
            await eventually(lambda: sum("curl " in line for line in first.said) == 3)
            for event in ("account.reserved", "account.provisioned", "warmup.started", "warmup.graduated"):
                assert sum(f" {event} " in line for line in first.said) == 1

        async with running_stack(folder, demo=True, day_seconds=0.5) as second:
            await eventually(lambda: "the account is active" in second.said, within=60)
            assert "the account ada@demo.example is active; its history:" in second.said
            assert not any("creating" in line or "registering" in line for line in second.said)
