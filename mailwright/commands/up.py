"""`mailwright up`: the whole system on this machine, until Ctrl-C."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from mailwright.console import emit, say
from mailwright.data_dir import locked
from mailwright.environment import Options
from mailwright.errors import StartError
from mailwright.stack import Stack

app = typer.Typer(add_completion=False)


@app.command()
def up(
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".mailwright"),
    port: Annotated[
        int, typer.Option(help="Port of the public API; 0 = any free one.", min=0, max=65535)
    ] = 8080,
    simulator_port: Annotated[
        int, typer.Option(help="Port of the simulated providers; 0 = any free one.", min=0, max=65535)
    ] = 8081,
    day_seconds: Annotated[
        float, typer.Option(help="Length of a warmup day.", envvar="MAILWRIGHT_DAY_SECONDS", min=0.1)
    ] = 86_400.0,
    demo: Annotated[bool, typer.Option(help="Provision a first account and show its history.")] = False,
) -> None:
    """Run the whole system on this machine: database, broker, simulated providers and every service."""
    options = Options(data_dir.resolve(), port, simulator_port, day_seconds, demo)
    try:
        with locked(options.data_dir):
            asyncio.run(_up(options))
    except StartError as failure:
        say(f"mailwright: {failure}")
        raise typer.Exit(1) from failure


async def _up(options: Options) -> None:
    stack = Stack(options, say)
    asked_to_stop = asyncio.Event()
    _on_signals(stack, asked_to_stop)
    work = asyncio.create_task(_run(stack, options))
    stop = asyncio.create_task(asked_to_stop.wait())
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        say("stopping …")
    finally:
        for task in (work, stop):
            task.cancel()
        await asyncio.gather(work, stop, return_exceptions=True)
        await stack.stop()
    say("stopped")


async def _run(stack: Stack, options: Options) -> None:
    say(f"starting in {options.data_dir}")
    await stack.start()
    emit("ready", base_url=stack.base_url, simulator_url=stack.simulator_url)
    say(
        f"Mailwright is ready at {stack.base_url} (Ctrl-C stops it; keys are in {options.data_dir / 'demo.json'})"
    )
    show = _demo(stack, options) if options.demo else asyncio.sleep(0)
    await asyncio.gather(stack.supervisor.failed(), show)


async def _demo(stack: Stack, options: Options) -> None:
    # Only a demo pays for loading an HTTP client.
    from mailwright import demo  # noqa: PLC0415
    from shared.http.client import build_client  # noqa: PLC0415

    key = stack.demo_key
    try:
        async with build_client(stack.base_url, headers={"Authorization": f"Bearer {key}"}) as api:
            await demo.show(api, key, options.day_seconds, say)
    except demo.DemoStopped as stopped:
        say(f"the demo stopped: {stopped}")
    say("the API stays up; Ctrl-C stops it")


def _on_signals(stack: Stack, asked_to_stop: asyncio.Event) -> None:
    """The first signal stops in good order, the second kills."""

    def handle() -> None:
        if asked_to_stop.is_set():
            stack.supervisor.kill()
        asked_to_stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, handle)
