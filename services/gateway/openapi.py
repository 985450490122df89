"""The OpenAPI document, and the index of it for machines that read text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.gateway.links import LINKS

Document = dict[str, Any]

_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> None:
    """Give the app its document at /openapi.json, and its index at /llms.txt (S4-41)."""

    def document() -> Document:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    description=app.description,
                    routes=app.routes,
                )
            )
        return app.openapi_schema

    async def index(_: Request) -> PlainTextResponse:
        return PlainTextResponse("\n".join(_lines(document())) + "\n")

    app.openapi = document  # type: ignore[method-assign]  # the framework's documented way
    app.router.routes.append(Route("/llms.txt", index))


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation with its path and method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _finished(document: Document) -> Document:
    """Take out what the framework adds and we never answer, and say which operation leads to which."""
    for _, _, operation in operations(document):
        refused = operation["responses"].get("422")
        if refused is not None and "HTTPValidationError" in str(refused):
            del operation["responses"]["422"]
        _hoist_definitions(document, operation)
        for status, links in LINKS.get(operation["operationId"], {}).items():
            operation["responses"][status]["links"] = {
                link.operation: {"operationId": link.operation, "parameters": dict(link.parameters)}
                for link in links
            }
    for name in _FRAMEWORK_SCHEMAS:
        document["components"]["schemas"].pop(name, None)
    return document


def _hoist_definitions(document: Document, operation: dict[str, Any]) -> None:
    """Move what a body's schema defines beside itself to where the document keeps schemas."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for name, definition in schema.pop("$defs", {}).items():
        document["components"]["schemas"].setdefault(name, definition)


def _lines(document: Document) -> Iterator[str]:
    info = document["info"]
    yield f"# {info['title']}"
    yield ""
    yield f"> {info['summary']} {info['description']}"
    yield ""
    yield "The whole API as OpenAPI: [/openapi.json](/openapi.json)"
    tag = None
    for path, method, operation in sorted(operations(document), key=lambda each: (each[2]["tags"], each[0])):
        if operation["tags"] != tag:
            tag = operation["tags"]
            yield ""
            yield f"## {tag[0]}"
        yield f"- `{method.upper()} {path}` {operation['operationId']}: {operation['summary']}"
