"""What Puffle calls may contain, and the sentence for what they may not."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.gateway.texts import has_controls, is_header_text, lines

ID_PATTERN = (
    "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
    "|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$"
)
_ID = re.compile(ID_PATTERN.strip("^$"))
_USERNAME = re.compile(r"[a-z0-9._-]{1,64}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_LONGEST_DOMAIN = 253
_LONGEST_NAME = 200
_LONGEST_SIGNATURE = 10_000
_OVERRIDING = ("pending", "verifying", "failed")


def is_id(text: str) -> bool:
    """Whether this is an id as a client may write it (S0-15, S0-16)."""
    return _ID.fullmatch(text) is not None


def an_id(value: str) -> str:
    """Return an id; anything else is refused (S0-15)."""
    if not is_id(value):
        raise PydanticCustomError("refused", "must be a UUID")
    return value


def _username(value: str) -> str:
    # Some letters outside ASCII become ASCII when lowercased, so they are refused first.
    lowered = value.lower() if value.isascii() else ""
    if _USERNAME.fullmatch(lowered) is None:
        raise PydanticCustomError("refused", "must be 1 to 64 characters of a-z, 0-9, '.', '-' and '_'")
    return lowered


def _domain(value: str) -> str:
    lowered = value.lower() if value.isascii() else ""
    if _DOMAIN.fullmatch(lowered) is None or len(lowered) > _LONGEST_DOMAIN:
        raise PydanticCustomError("refused", "must be a domain name such as mail.example.com")
    return lowered


def _name(value: str | None) -> str | None:
    if value is None:
        return None
    if len(value) > _LONGEST_NAME:
        raise PydanticCustomError("refused", f"must not be longer than {_LONGEST_NAME} characters")
    if not is_header_text(value):
        raise PydanticCustomError("refused", "must not contain control characters or line breaks")
    return value.strip() or None


def _signature(value: str) -> str:
    signature = lines(value)
    if len(signature) > _LONGEST_SIGNATURE:
        raise PydanticCustomError("refused", f"must not be longer than {_LONGEST_SIGNATURE} characters")
    if has_controls(signature, but="\n"):
        raise PydanticCustomError("refused", "must not contain control characters other than line breaks")
    return signature


def _overriding_status(value: Any) -> Any:
    if value not in _OVERRIDING:
        raise PydanticCustomError("refused", f"must be one of {', '.join(_OVERRIDING)}")
    return value


NO_CONTROLS = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029"
_NO_CONTROLS_BUT_LINES = "\\u0000-\\u0009\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u2028\\u2029"

Name = Annotated[
    str | None,
    Field(json_schema_extra={"maxLength": _LONGEST_NAME, "pattern": f"^[^{NO_CONTROLS}]*$"}),
    AfterValidator(_name),
]


class Body(BaseModel):
    """A body without fields that nobody knows."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CreateAccount(Body):
    """A new email sender account; the address is `<username>@<domain>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "username": "ada",
                "domain_id": "0199aaaa-0000-7000-8000-000000000001",
                "first_name": "Ada",
                "last_name": "Lovelace",
            }
        }
    )

    username: Annotated[
        str,
        Field(
            min_length=1,
            description="Everything before the `@`. Lowercased by the server.",
            json_schema_extra={"maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$"},
        ),
        AfterValidator(_username),
    ]
    domain_id: Annotated[
        str,
        Field(
            description="A verified domain of yours.",
            json_schema_extra={"format": "uuid", "pattern": ID_PATTERN},
        ),
        AfterValidator(an_id),
    ]
    display_name: Name = Field(
        default=None,
        description="Sender name. When omitted it is made of the first and last name, joined by one space.",
    )
    first_name: Name = Field(default=None, description="Blank is the same as omitted.")
    last_name: Name = Field(default=None, description="Blank is the same as omitted.")

    def shown_name(self) -> str | None:
        """Return the display name, derived from the names if it was not given (S0-25)."""
        return self.display_name or " ".join(filter(None, (self.first_name, self.last_name))) or None


class ChangeAccount(Body):
    """The one thing about an account that can be changed."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"signature": "Ada Lovelace\nAnalytical Engines"}}
    )

    signature: Annotated[
        str,
        Field(
            description='Plain text of one or more lines; `""` clears it.',
            json_schema_extra={
                "maxLength": _LONGEST_SIGNATURE,
                "pattern": f"^[^{_NO_CONTROLS_BUT_LINES}]*$",
            },
        ),
        AfterValidator(_signature),
    ]


class Reason(Body):
    """Why; it is kept in the account's history."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "The domain moves."}})

    reason: Name = Field(default=None, description="Blank is the same as omitted.")


class CreateDomain(Body):
    """A domain to send from: an apex or a subdomain."""

    model_config = ConfigDict(json_schema_extra={"example": {"domain": "mail.example.com"}})

    domain: Annotated[
        str,
        Field(
            min_length=1,
            description="Lowercased.",
            json_schema_extra={
                "maxLength": _LONGEST_DOMAIN,
                "pattern": "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z]{2,63}$",
            },
        ),
        AfterValidator(_domain),
    ]


class ChangeDomain(Body):
    """Another status for a domain, until the next check."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "pending"}})

    status: Annotated[
        Literal["pending", "verifying", "failed"],
        Field(description="`verified` is refused: only a check of the records makes a domain that."),
        BeforeValidator(_overriding_status),
    ]
