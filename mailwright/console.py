"""How the command line speaks: sentences for people on stderr, one JSON line per event for programs on stdout."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

import typer

Say: TypeAlias = Callable[[str], None]
"""Tells a person one line."""


def say(line: str) -> None:
    """Tell a person one line, on stderr. That nobody reads it any more must not bring the stack down."""
    with suppress(BrokenPipeError):
        typer.echo(line, err=True)


def emit(event: str, **fields: object) -> None:
    """Tell a program one event, as a line of JSON on stdout."""
    typer.echo(json.dumps({"event": event, **fields}))
