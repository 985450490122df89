"""The fields of mail in Puffle's calls: what each may hold, and the sentence for what it may not."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.gateway.dialects.puffle.schemas import ID_PATTERN, NO_CONTROLS, an_id
from services.gateway.texts import (
    IN_LINES,
    LONGEST_ADDRESS,
    LONGEST_LIST,
    MOST_RECIPIENTS,
    address,
    has_controls,
    is_header_text,
    lines,
    recipients,
)

LONGEST_SUBJECT = 998
LONGEST_TEXT = 200_000
LONGEST_HTML = 500_000
_LONGEST_PATH = 1_024


def _participant(value: str | None) -> str | None:
    if value is None:
        return None
    found = address(value)
    if found is None:
        raise PydanticCustomError("refused", "must be an email address that mail can be sent to")
    return found


def _subject(value: str | None) -> str | None:
    if value is None:
        return None
    if len(value) > LONGEST_SUBJECT:
        raise PydanticCustomError("refused", f"must not be longer than {LONGEST_SUBJECT} characters")
    if not is_header_text(value):
        raise PydanticCustomError("refused", "must not contain control characters or line breaks")
    return value.strip() or None


def _text(value: str | None) -> str | None:
    return _body(value, LONGEST_TEXT)


def _sent(value: str) -> str:
    kept = _text(value)
    if kept is None:
        raise PydanticCustomError("refused", "must not be empty")
    return kept


def _html(value: str | None) -> str | None:
    return _body(value, LONGEST_HTML)


def _body(value: str | None, longest: int) -> str | None:
    if value is None:
        return None
    if len(value) > longest:
        raise PydanticCustomError("refused", f"must not be longer than {longest} characters")
    kept = lines(value)
    if has_controls(kept, but=IN_LINES):
        raise PydanticCustomError(
            "refused", "must not contain control characters other than line breaks and tabs"
        )
    return kept if kept.strip() else None


def _recipients(value: str | None) -> str | None:
    if value is None or not value.strip(" "):
        return None
    found = recipients(value)
    if found is None:
        raise PydanticCustomError(
            "refused", f"must be a comma-separated list of at most {MOST_RECIPIENTS} email addresses"
        )
    return ", ".join(found)


def _plain(value: str) -> str:
    if not is_header_text(value):
        raise PydanticCustomError("refused", "must not contain control characters or line breaks")
    return value


_LINES = "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u2028\\u2029"

Participant = Annotated[
    str | None,
    Field(json_schema_extra={"format": "email", "maxLength": LONGEST_ADDRESS}),
    AfterValidator(_participant),
]
AccountId = Annotated[
    str | None,
    Field(json_schema_extra={"format": "uuid", "pattern": ID_PATTERN}),
    AfterValidator(lambda value: value if value is None else an_id(value)),
]
Subject = Annotated[
    str | None,
    Field(json_schema_extra={"maxLength": LONGEST_SUBJECT, "pattern": f"^[^{NO_CONTROLS}]*$"}),
    AfterValidator(_subject),
]
Text = Annotated[
    str | None,
    Field(json_schema_extra={"maxLength": LONGEST_TEXT, "pattern": f"^[^{_LINES}]*$"}),
    AfterValidator(_text),
]
SentText = Annotated[
    str,
    Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_TEXT, "pattern": f"^[^{_LINES}]*$"}),
    AfterValidator(_sent),
]
Html = Annotated[
    str | None,
    Field(json_schema_extra={"maxLength": LONGEST_HTML, "pattern": f"^[^{_LINES}]*$"}),
    AfterValidator(_html),
]
Recipients = Annotated[
    str | None,
    Field(json_schema_extra={"maxLength": LONGEST_LIST, "pattern": f"^[^{NO_CONTROLS}]*$"}),
    AfterValidator(_recipients),
]
Plain = Annotated[str, Field(max_length=_LONGEST_PATH), AfterValidator(_plain)]


def check_recipients(participant: str | None, *lists: str | None) -> None:
    """Check that everybody a message goes to is not too many; the lists are as they were accepted."""
    count = bool(participant) + sum(len(recipients(each) or ()) for each in lists if each)
    if count > MOST_RECIPIENTS:
        raise PydanticCustomError(
            "refused", f"A message must not have more than {MOST_RECIPIENTS} recipients."
        )
