"""One path is one thing: a path of words is never taken for one with an id in that place, whatever the method."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

_PARAMETER = re.compile(r"\{[^}]*\}")


class _Refusal:
    """Answers every method that a path does not know."""

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise HTTPException(405)


def closed(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """Return the routes with a refusal (405) after each path that a later path with an id would match too."""
    known = [route for route in routes if isinstance(route, Route)]
    last = {route.path: route for route in known}
    found: list[BaseRoute] = []
    for route in routes:
        found.append(route)
        if isinstance(route, Route) and last[route.path] is route and any(_is_taken_for(route, known)):
            found.append(Route(route.path, _Refusal(), include_in_schema=False))
    return found


def methods(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods of the call's path."""
    known = [route for route in routes if isinstance(route, Route)]
    place = next((_place(route) for route in known if route.matches(scope)[0] is not Match.NONE), None)
    return sorted({method for route in known if _place(route) == place for method in route.methods or ()})


def _is_taken_for(route: Route, others: Sequence[Route]) -> Iterator[bool]:
    for other in others:
        yield _place(other) != _place(route) and other.path_regex.match(route.path) is not None


def _place(route: Route) -> str:
    """Return a path whatever its parameters are called."""
    return _PARAMETER.sub("{}", route.path)
