"""What Sendmux calls may contain: their form (400), and what is well formed and makes no sense all the same (422)."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.gateway.dialects.sendmux.errors import semantic
from shared.contracts.accounts import AccountChanges, SendScope

LARGEST_NUMBER = 2**53 - 1
"""Beyond it JSON numbers are not exact everywhere."""
MOST_RULES = 1_000

_LOCAL_PART = re.compile(r"[a-z0-9._-]{1,64}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_DOMAIN = 253
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def normal_email(value: str) -> str | None:
    """Return an address in the one form it has here, lowercase and in ASCII (S4-24, A55); None if it is none."""
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return found.ascii_email.lower() if found.ascii_email else None


def is_mailbox(email: str) -> bool:
    """Whether a mailbox may have this address, written as `normal_email` writes it."""
    return _LOCAL_PART.fullmatch(email.rpartition("@")[0]) is not None


def normal_domain(value: str) -> str | None:
    """Return a host name in lowercase, or None if it is none."""
    lowered = value.lower() if value.isascii() else ""
    return lowered if _DOMAIN.fullmatch(lowered) and len(lowered) <= _LONGEST_DOMAIN else None


def _email(value: str) -> str:
    email = normal_email(value)
    if email is None:
        raise PydanticCustomError("refused", "must be an email address")
    return email


def _domain(value: str) -> str:
    domain = normal_domain(value)
    if domain is None:
        raise PydanticCustomError("refused", "must be a host name such as mail.example.com")
    return domain


def _on_one_line(value: str) -> str:
    if any(unicodedata.category(character) in _UNSAFE for character in value):
        raise PydanticCustomError("refused", "must not contain control characters or line breaks")
    return value


def _line(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("refused", "must not be blank")
    return _on_one_line(value)


def _sender(value: str) -> str:
    pattern = normal_email(value) if "@" in value else normal_domain(value)
    if pattern is None:
        raise PydanticCustomError("refused", "must be an email address or a domain name")
    return pattern


Line = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_line)]
PublicId = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_line)]
Quota = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Scope(_Body):
    """Which of the team's mail providers a mailbox sends through."""

    type: Literal["all", "providers", "group"]
    provider_public_ids: list[PublicId] = Field(
        default=[], description="Only with `providers`, and then required."
    )
    group_public_ids: list[PublicId] = Field(default=[], description="Only with `group`, and then required.")

    def check(self) -> None:
        """Check that ids are given with the type they belong to, and only with it (S4-29, A57).

        Raises:
            ApiError: They are not (422).
        """
        for name, kind in (("provider_public_ids", "providers"), ("group_public_ids", "group")):
            if bool(getattr(self, name)) != (self.type == kind):
                message = f"The field send_scope must name {name} with the type {kind}, and with no other."
                raise semantic(f"send_scope.{name}", message)

    def contract(self) -> SendScope:
        """Return it as events carry it."""
        return SendScope(
            type=self.type,
            provider_public_ids=tuple(self.provider_public_ids),
            group_public_ids=tuple(self.group_public_ids),
        )


class CreateMailbox(_Body):
    """A new mailbox; the domain of its address must be verified."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "agent@acme.com", "display_name": "Agent"}}
    )

    email: Annotated[
        str,
        Field(
            min_length=5,
            max_length=254,
            description="Lowercased by the server. Letters, digits, `.`, `-` and `_` before the `@`.",
            json_schema_extra={"format": "email"},
        ),
        AfterValidator(_email),
    ]
    display_name: Line = Field(
        default="",
        description="Shown in the From header of what the mailbox sends.",
        json_schema_extra=_without_default,
    )
    quota_bytes: Quota = Field(
        default=0, description="Storage quota in bytes.", json_schema_extra=_without_default
    )
    send_scope: Scope = Scope(type="all")

    def check(self) -> None:
        """Check what the form of the fields does not say.

        Raises:
            ApiError: No mailbox can be as asked (422).
        """
        if not is_mailbox(self.email):
            message = "A mailbox has only letters, digits, '.', '-' and '_' before the @."
            raise semantic("email", message)
        self.send_scope.check()


class ChangeMailbox(_Body):
    """What to change; a field that is not given stays as it is, and a `display_name` of null is cleared."""

    model_config = ConfigDict(json_schema_extra={"example": {"display_name": "Ada's agent"}})

    display_name: Line | None = Field(default=None, json_schema_extra=_without_default)
    quota_bytes: Quota = Field(default=0, json_schema_extra=_without_default)
    send_scope: Scope = Field(default=Scope(type="all"), json_schema_extra=_without_default)

    def check(self) -> None:
        """Check what the form of the fields does not say.

        Raises:
            ApiError: No mailbox can be as asked (422).
        """
        self.send_scope.check()

    def contract(self) -> AccountChanges:
        """Return it as events carry it; what was not given does not count there."""
        return AccountChanges(
            display_name=self.display_name,
            quota_bytes=self.quota_bytes or None,
            send_scope=self.send_scope.contract(),
        )


class CreateKey(_Body):
    """A further key of a mailbox, for one application."""

    model_config = ConfigDict(json_schema_extra={"example": {"app_name": "desktop mail"}})

    app_name: Line


class CreateDomain(_Body):
    """A domain to have mailboxes on: an apex or a subdomain."""

    model_config = ConfigDict(json_schema_extra={"example": {"domain": "mail.acme.com"}})

    domain: Annotated[str, Field(min_length=1, max_length=_LONGEST_DOMAIN), AfterValidator(_domain)]


class FilterRule(_Body):
    """Whose mail a rule is about."""

    type: Literal["allow", "deny"]
    pattern: Annotated[
        str,
        Field(min_length=1, max_length=254, description="An email address or a bare domain name."),
        AfterValidator(_sender),
    ]
    note: Annotated[str, Field(max_length=255), AfterValidator(_on_one_line)] | None = Field(
        default=None, description="A caption for people."
    )


class SetFilters(_Body):
    """The whole filter of a mailbox; it replaces what was there."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"mode": "denylist", "rules": [{"type": "deny", "pattern": "spam.example"}]}
        }
    )

    mode: Literal["off", "allowlist", "denylist"]
    rules: list[FilterRule] = Field(max_length=MOST_RULES)
