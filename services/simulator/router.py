"""Which operation a method and a path name; path segments are decoded one by one, so ids may hold `/`, `@` and `<>`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

Handler = TypeVar("Handler", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Route(Generic[Handler]):
    """One operation: `path` holds literal segments and `{name}` segments."""

    method: str
    path: str
    operation: str
    handler: Handler


@dataclass(slots=True)
class _Node(Generic[Handler]):
    literal: dict[str, _Node[Handler]] = field(default_factory=dict)
    parameter: tuple[str, _Node[Handler]] | None = None
    routes: dict[str, Route[Handler]] = field(default_factory=dict)


class Router(Generic[Handler]):
    """A tree over path segments; literals win over parameters."""

    def __init__(self, routes: Iterable[Route[Handler]], prefix: str = "") -> None:
        self._root: _Node[Handler] = _Node()
        for route in routes:
            self._add(route, (prefix + route.path).strip("/").split("/"))

    def _add(self, route: Route[Handler], segments: list[str]) -> None:
        node = self._root
        for segment in segments:
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = (segment[1:-1], _Node())
                node = node.parameter[1]
            else:
                node = node.literal.setdefault(segment, _Node())
        node.routes[route.method] = route

    def match(self, method: str, raw_path: str) -> tuple[Route[Handler], dict[str, str]] | None:
        """Return the route and its decoded parameters, or None."""
        node, params = self._root, {}
        for segment in raw_path.strip("/").split("/"):
            child = node.literal.get(segment)
            if child is None:
                if node.parameter is None:
                    return None
                name, child = node.parameter
                params[name] = unquote(segment)
            node = child
        route = node.routes.get(method)
        return (route, params) if route else None
