"""Where the PostgreSQL of a run comes from: given, in a container when asked for, or the embedded one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.containers import POSTGRES_IMAGE, postgres_container
from tests.support.engines import embedded_postgres


@contextmanager
def chosen_postgres() -> Iterator[tuple[str, str]]:
    """A server, as its name in the summary of the run and its administrator's URL.

    MAILWRIGHT_TEST_DATABASE gives one: the URL of a login `postgres` that may create databases and roles.
    MAILWRIGHT_TEST_CONTAINERS=1 asks for a container.
    """
    if given := os.environ.get("MAILWRIGHT_TEST_DATABASE"):
        yield "PostgreSQL as given", given
    elif os.environ.get("MAILWRIGHT_TEST_CONTAINERS") == "1":
        with postgres_container() as url:
            yield f"{POSTGRES_IMAGE} in a container", url
    else:
        with embedded_postgres() as url:
            yield "embedded PostgreSQL", url
