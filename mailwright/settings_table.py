"""Every setting as a table for people, made from the classes that read them, so that it cannot say anything else."""

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from pydantic import AwareDatetime, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.gateway.settings import GatewaySettings
from services.provisioner.settings import ProvisionerSettings
from services.simulator.settings import Knobs, SimulatorSettings
from services.threads.settings import ThreadsSettings
from services.warmup.settings import WarmupSettings
from shared.settings import CommonSettings

SERVICES: Mapping[str, Sequence[type[BaseSettings]]] = {
    "gateway": (CommonSettings, GatewaySettings),
    "provisioner": (CommonSettings, ProvisionerSettings),
    "warmup": (CommonSettings, WarmupSettings),
    "threads": (CommonSettings, ThreadsSettings),
    "simulator": (SimulatorSettings, Knobs),
}
"""Which classes each service reads."""


@dataclass(frozen=True)
class Row:
    """One setting as one service reads it."""

    name: str
    type: str
    default: str
    meaning: str


ELSEWHERE = (
    Row(
        "MAILWRIGHT_SECRETS_DIR",
        "folder",
        "",
        "Where services and commands find settings in files, such as `mailwright_database_url`; a variable wins.",
    ),
    Row(
        "MAILWRIGHT_LONGEST_RESTART_PAUSE_SECONDS",
        "number",
        "5",
        "How long `mailwright up` leaves a part down that crashes again and again.",
    ),
    Row(
        "MAILWRIGHT_API_URL",
        "URL",
        "",
        "The API that `mailwright thread` calls; unset, that of the running stack.",
    ),
    Row("MAILWRIGHT_API_KEY", "secret", "", "The key that `mailwright thread` calls it with."),
    Row(
        "MAILWRIGHT_FAILPOINTS_DIR",
        "folder",
        "",
        "For tests: where fail points are armed, which kill a service at a chosen moment. Unset = none.",
    ),
)
"""What is read before or beside the services' settings."""
COMPOSE = (
    Row("MAILWRIGHT_IMAGE", "image", "mailwright:local", "The image of every service."),
    Row("MAILWRIGHT_HTTP_BIND", "host:port", "127.0.0.1:8080", "Where the API is published."),
    Row("MAILWRIGHT_SECRETS", "folder", "./secrets", "Where the secret files are that `make-secrets` made."),
)
"""What docker-compose.yml asks for besides."""
TESTS = (
    Row(
        "MAILWRIGHT_TEST_KAFKA", "host:port", "", "An Apache Kafka for tests only: they delete topics on it."
    ),
    Row("MAILWRIGHT_TEST_DATABASE", "URL", "", "A PostgreSQL for tests, as a login that may make databases."),
    Row("MAILWRIGHT_TEST_CONTAINERS", "`1`", "", "Run PostgreSQL for tests in a container."),
    Row("MAILWRIGHT_TEST_WEEKS", "number", "48", "Accounts that live three weeks in the test of warmup."),
)
"""What the tests ask for."""

_HEAD = """\
# Settings

Made by `mailwright settings > docs/settings.md` from the code; a test compares the two.

Services read environment variables, and files of the same names in lower case in the folder `MAILWRIGHT_SECRETS_DIR`, where
secrets belong. An empty default means unset; one in bold must be set. `mailwright up` chooses what it is not given.
"""
_LINE = "| {} | {} | {} | {} |"


def markdown() -> str:
    """Return the page with all settings."""
    parts = [_HEAD]
    for title, rows in _sections():
        lines = [_LINE.format(f"`{row.name}`", row.type, row.default, row.meaning) for row in rows]
        table = ["| setting | type | default | meaning |", "| --- | --- | --- | --- |", *lines]
        parts.append(f"## {title}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, list[Row]]]:
    """Yield each group of services with the settings that just these services read, and then the rest."""
    readers: dict[Row, tuple[str, ...]] = {}
    for service, classes in SERVICES.items():
        for row in dict.fromkeys(row for cls in classes for row in rows_of(cls)):
            readers[row] = (*readers.get(row, ()), service)
    order = list(SERVICES)
    for group in sorted(set(readers.values()), key=lambda each: (-len(each), [*map(order.index, each)])):
        rows = [row for row, services in readers.items() if services == group]
        yield _title(group), sorted(rows, key=lambda row: row.name)
    yield "Commands and tools", list(ELSEWHERE)
    yield "docker-compose.yml", list(COMPOSE)
    yield "Tests", list(TESTS)


def _title(group: Sequence[str]) -> str:
    words = " and ".join((", ".join(group[:-1]), group[-1])) if len(group) > 1 else group[0]
    return words[0].upper() + words[1:]


def rows_of(cls: type[BaseSettings]) -> Iterator[Row]:
    """Yield the settings of a class, those it inherits too."""
    meanings = {name: text for base in reversed(cls.__mro__) for name, text in _docstrings(base).items()}
    prefix = cls.model_config["env_prefix"]
    for name, field in cls.model_fields.items():
        meaning = field.description or meanings[name]
        yield Row(f"{prefix}{name}".upper(), _type(field.annotation), _default(field), _cell(meaning))


def _docstrings(cls: type) -> dict[str, str]:
    """What stands under each field of a class."""
    if not issubclass(cls, BaseSettings) or cls is BaseSettings:
        return {}
    body = typing.cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]).body
    return {
        field.target.id: text.value.value
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


_NAMES: Mapping[object, str] = {
    SecretStr: "secret",
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    datetime: "time",
    AwareDatetime: "time",
    Path: "folder",
}


def _type(annotation: object) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        return _type(next(argument for argument in arguments if argument is not type(None)))
    if origin is typing.Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin is tuple:
        return f"JSON list of {_type(arguments[0])}s"
    if origin is typing.Annotated:
        return _type(arguments[0])
    return _NAMES[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{each:g}" for each in value) + "]"
    return f"{value:,.10g}".replace(",", "") if isinstance(value, float) else _cell(str(value))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
