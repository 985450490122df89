"""What MyAgentMail calls may contain, and the sentence for what they may not; fields nobody knows are ignored."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any
from uuid import UUID

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

DEFAULT_DOMAIN = "myagentmail.com"

USERNAME_PATTERN = "^[a-z0-9._-]{1,64}$"
ADDRESS_PATTERN = "^[a-z0-9._-]{1,64}@[a-z0-9.-]{1,253}$"
SLUG_PATTERN = "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"

_USERNAME = re.compile(USERNAME_PATTERN.strip("^$"))
_SLUG = re.compile(SLUG_PATTERN.strip("^$"))
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_DOMAIN = 253
_LONGEST_NAME = 200
_LARGEST_METADATA = 4_096
_DEEPEST_METADATA = 16
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def parse_uuid(text: str) -> UUID | None:
    """Return the id that this text is, or None if it is none."""
    return UUID(text) if _UUID.fullmatch(text) else None


def is_address(text: str) -> bool:
    """Whether this is an address as this dialect writes one: in lowercase."""
    username, _, domain = text.partition("@")
    return _USERNAME.fullmatch(username) is not None and _is_domain(domain)


def _is_domain(text: str) -> bool:
    return len(text) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(text) is not None


def _refused(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{sentence}", {"sentence": sentence})


def _username(value: str | None) -> str | None:
    if value is not None and _USERNAME.fullmatch(value) is None:
        raise _refused("must be 1 to 64 characters of a-z, 0-9, '.', '-' and '_', in lowercase")
    return value


def _domain(value: str | None) -> str | None:
    if value is None:
        return None
    lowered = value.lower() if value.isascii() else ""
    if not _is_domain(lowered):
        raise _refused("must be a domain name such as mail.example.com")
    return lowered


def _address(value: str) -> str:
    if not is_address(value):
        raise _refused("must be an address in lowercase, such as scout@mail.example.com")
    return value


def _uuid(value: str | None) -> str | None:
    if value is not None and parse_uuid(value) is None:
        raise _refused("must be a UUID")
    return value


def _name(value: str | None) -> str | None:
    if value is None:
        return None
    if len(value) > _LONGEST_NAME:
        raise _refused(f"must not be longer than {_LONGEST_NAME} characters")
    if any(unicodedata.category(character) in _UNSAFE for character in value):
        raise _refused("must not contain control characters or line breaks")
    return value.strip() or None


def _given_name(value: str) -> str:
    name = _name(value)
    if name is None:
        raise _refused("must not be empty")
    return name


def _slug(value: str | None) -> str | None:
    if value is not None and _SLUG.fullmatch(value) is None:
        raise _refused("must be 1 to 63 characters of a-z, 0-9 and '-', and not begin or end with '-'")
    return value


def _require_storable(value: Any, depth: int = 1) -> None:
    if depth > _DEEPEST_METADATA:
        raise _refused(f"must not be nested deeper than {_DEEPEST_METADATA} levels")
    if isinstance(value, str) and "\u0000" in value:
        raise _refused("must not contain the character U+0000")
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    for part in parts:
        _require_storable(part, depth + 1)


def _metadata(value: dict[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return None
    _require_storable(value)
    try:
        size = len(rfc8785.dumps(value))
    except (rfc8785.CanonicalizationError, ValueError):
        raise _refused("must hold only numbers that JSON keeps exactly") from None
    if size > _LARGEST_METADATA:
        raise _refused(f"must not be larger than {_LARGEST_METADATA} bytes")
    return value


Name = Annotated[str | None, AfterValidator(_name)]
GivenName = Annotated[
    str, AfterValidator(_given_name), Field(json_schema_extra={"minLength": 1, "maxLength": _LONGEST_NAME})
]
WorkspaceId = Annotated[str | None, AfterValidator(_uuid), Field(json_schema_extra={"format": "uuid"})]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, alias_generator=to_camel)


class CreateInbox(_Body):
    """A new inbox; everything about it may be left open (S2-6)."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"username": "scout", "displayName": "Scout", "domain": DEFAULT_DOMAIN}}
    )

    username: Annotated[str | None, AfterValidator(_username)] = Field(
        default=None,
        description="Everything before the `@`, in lowercase. Made from the tenant's name when omitted.",
        json_schema_extra={"pattern": USERNAME_PATTERN},
    )
    display_name: Name = Field(default=None, description="The sender name.")
    domain: Annotated[str | None, AfterValidator(_domain)] = Field(
        default=None,
        description=f"A verified domain, or one of the platform's. By default `{DEFAULT_DOMAIN}`.",
        json_schema_extra={"maxLength": _LONGEST_DOMAIN},
    )
    workspace_id: WorkspaceId = Field(
        default=None,
        description="Tenant master keys only: where the inbox is to be. By default the tenant's default workspace.",
    )


class ChangeInbox(_Body):
    """What may be changed of an inbox; fields that are left out stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"displayName": "Scout", "metadata": {"team": "sales"}}}
    )

    display_name: Name = Field(default=None, description="null takes the name away.")
    metadata: Annotated[dict[str, Any] | None, AfterValidator(_metadata)] = Field(
        default=None, description="Replaces what was there; at most 4096 bytes. null is an empty object."
    )


class AddAddress(_Body):
    """A further address of an inbox."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "hello@mail.example.com", "primary": True}}
    )

    email: Annotated[str, AfterValidator(_address)] = Field(
        description="At the inbox's own domain, a verified domain of its workspace or one of the platform's.",
        json_schema_extra={"pattern": ADDRESS_PATTERN},
    )
    primary: bool = Field(default=True, description="Whether mail is sent from it from now on.")


class CreateDomain(_Body):
    """A domain to use: an apex or a subdomain."""

    model_config = ConfigDict(json_schema_extra={"example": {"domain": "mail.example.com"}})

    domain: Annotated[str, AfterValidator(_domain)] = Field(json_schema_extra={"maxLength": _LONGEST_DOMAIN})
    workspace_id: WorkspaceId = Field(default=None, description="Tenant master keys only.")


class CreateWorkspace(_Body):
    """A workspace of the tenant."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Sales", "slug": "sales"}})

    name: GivenName
    slug: Annotated[str | None, AfterValidator(_slug)] = Field(
        default=None,
        description="Made from the name when omitted.",
        json_schema_extra={"pattern": SLUG_PATTERN},
    )


class CreateKey(_Body):
    """A master key of a workspace."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "ci"}})

    name: Name = None


class Nothing(_Body):
    """The body of a call that needs none."""


class CreateTenant(_Body):
    """A customer of the platform, with a workspace named Default."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Acme"}})

    name: GivenName
