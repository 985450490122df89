"""Reading a call's body: bounded, JSON, of the expected shape, with a sentence that names the field when it is not."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect, Request

from services.gateway.errors import ApiError, FieldError, body_too_large, invalid, unsupported_media_type

LIMIT = 65_536
"""Largest body in bytes."""
THROWN_AWAY = 4_194_304
"""How much beyond the largest body is still read: a client that is cut off while it sends never sees why."""

Shape = TypeVar("Shape", bound=BaseModel)

_JSON_TYPE = re.compile(r'application/json(\s*;\s*charset\s*=\s*"?utf-8"?)?\s*', re.IGNORECASE)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SENTENCES = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "greater_than_equal": "must not be less than {ge}",
    "less_than_equal": "must not be more than {le}",
    "too_long": "must not have more than {max_length} entries",
    "literal_error": "must be {expected}",
}


async def read_json(request: Request, *, limit: int = LIMIT) -> Any:
    """Return the call's body as JSON; `limit` is the largest there may be, in bytes.

    Raises:
        ApiError: It is not JSON in UTF-8 (415, 400), or too large (413).
    """
    _require_json(request)
    return parse_json(await read_bytes(request, limit))


async def read_optional_json(request: Request) -> Any:
    """Return the call's body as JSON; nothing is the same as an empty object.

    Raises:
        ApiError: It is not JSON in UTF-8 (415, 400), or too large (413).
    """
    body = await read_bytes(request, LIMIT)
    if not body.strip():
        return {}
    _require_json(request)
    return parse_json(body)


async def read_nothing(request: Request) -> None:
    """Read the body of a call that needs none: nothing and an empty object are the same (S1-2).

    Raises:
        ApiError: There is something in it.
    """
    body = await read_bytes(request, LIMIT)
    if not body.strip():
        return
    value = parse_json(body)
    if not isinstance(value, dict):
        raise invalid("The body must be empty or an empty JSON object.")
    if value:
        raise _refused(tuple(map(_unknown, value)))


def shaped(shape: type[Shape], value: Any) -> Shape:
    """Return the body as its model.

    Raises:
        ApiError: It does not fit; the sentence names the first field that does not, `fields` names all (400).
    """
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_input=False)) from None


def _require_json(request: Request) -> None:
    content_type = request.headers.get("content-type", "")
    if _JSON_TYPE.fullmatch(content_type) is None or "content-encoding" in request.headers:
        raise unsupported_media_type()


async def read_bytes(request: Request, limit: int) -> bytes:
    """Return the call's body as it came.

    Raises:
        ApiError: It is larger than `limit` bytes (413), or its client left before its end (400).
    """
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limit + THROWN_AWAY:
        raise body_too_large(limit)
    body, size = bytearray(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit + THROWN_AWAY:
                break
            if size <= limit:
                body += chunk
    except ClientDisconnect:
        raise cut_off() from None
    if size > limit:
        raise body_too_large(limit)
    return bytes(body)


def cut_off() -> ApiError:
    """Return what a call comes to whose client left while it sent; nobody reads it, and nothing is wrong on our side."""
    return invalid("The body was cut off.")


def parse_json(body: bytes) -> Any:
    """Return a body as JSON.

    Raises:
        ApiError: It is not JSON in UTF-8, or names a field twice (400).
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_constant)
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise invalid("The body is not valid JSON.", code="invalid_json") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field is given twice")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refusal(errors: list[ErrorDetails]) -> ApiError:
    if not errors[0]["loc"]:
        is_ours = errors[0]["type"] == "refused"
        return invalid(errors[0]["msg"] if is_ours else "The body must be a JSON object.")
    # A misspelt optional field leaves no other trace, and a misspelt required one is better named than missed.
    return _refused(tuple(sorted(map(_field_error, errors), key=lambda field: field.code != "unknown")))


def _refused(fields: tuple[FieldError, ...]) -> ApiError:
    code = "unknown_field" if fields[0].code == "unknown" else "invalid_request"
    return ApiError(400, code, fields[0].message, fields=fields)


def _field_error(error: ErrorDetails) -> FieldError:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(name)
    if error["type"] == "string_too_short" and error["ctx"]["min_length"] > 1:
        sentence = f"must not be shorter than {error['ctx']['min_length']} characters"
    elif error["type"] == "refused":
        sentence = error["msg"]
    else:
        sentence = _SENTENCES.get(error["type"], "is not valid").format_map(error.get("ctx", {}))
    code: Literal["missing", "invalid"] = "missing" if error["type"] == "missing" else "invalid"
    return FieldError(_short(name), code, f"The field {_quoted(name)} {sentence}.")


def _unknown(name: str) -> FieldError:
    return FieldError(_short(name), "unknown", f"The field {_quoted(name)} is not known.")


def _quoted(name: str) -> str:
    return json.dumps(_short(name), ensure_ascii=False)


def _short(name: str) -> str:
    return name if len(name) <= 64 else name[:64] + "…"
