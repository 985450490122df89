"""Which names a request may be given, in which order, and when an inbox that exists is its answer."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from services.provisioner.domain.accounts import Refusal
from shared.contracts.accounts import AccountRequested, AccountStatus, Naming
from shared.contracts.requests import Dialect

LAST_SUFFIX = 99
LONGEST = 64
"""Characters of a local part."""
UNNAMED = "inbox"
"""What a name is made of when there is nothing to make it of."""
TAKEN = "username_taken"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request wants its inbox to be called; `is_made_up` when we chose the name ourselves."""

    name: str
    domain: str
    tenant_id: UUID
    workspace_id: UUID
    dialect: Dialect
    naming: Naming
    is_bound: bool
    """Whether the key that asks sees one workspace only."""
    is_made_up: bool

    @property
    def address(self) -> str:
        """The address that is wished for."""
        return f"{self.name}@{self.domain}"

    @property
    def may_match(self) -> bool:
        """Whether an inbox that exists can be the answer (S2-14); a made-up name always means a new one (A43)."""
        return self.naming is not Naming.EXACT and not self.is_made_up

    @property
    def is_remembered(self) -> bool:
        """Whether the inbox it comes to is remembered for it, so that asking again finds that one (A31)."""
        return self.naming is Naming.OWN_OR_SUFFIXED and not self.is_made_up

    def candidates(self) -> list[str]:
        """Return the names it may be given, the first free one wins (S2-18 to S2-21, S2-23)."""
        return suffixed(self.name) if self.naming is Naming.OWN_OR_SUFFIXED else [self.name]


@dataclass(frozen=True, slots=True)
class Existing:
    """An account on its way or in use, as a request that it may be the answer to sees it."""

    account_id: UUID
    tenant_id: UUID
    workspace_id: UUID
    dialect: Dialect
    status: AccountStatus
    version: int


def wish_of(asked: AccountRequested, domain: str) -> Wish:
    """Return what a request wants its inbox to be called (S2-8, S2-9)."""
    is_made_up = asked.username is None
    naming = Naming.OWN_OR_SUFFIXED if is_made_up else asked.naming
    return Wish(
        name=made_up_name(asked.name_source) if asked.username is None else asked.username.lower(),
        domain=domain,
        tenant_id=asked.caller.tenant_id,
        workspace_id=asked.workspace_id,
        dialect=asked.caller.dialect,
        naming=naming,
        is_bound=asked.caller.workspace_id is not None,
        is_made_up=is_made_up,
    )


def suffixed(name: str) -> list[str]:
    """Return name, name1 … name99, as far as a local part may be that long."""
    names = [name, *(f"{name}{number}" for number in range(1, LAST_SUFFIX + 1))]
    return [each for each in names if len(each) <= LONGEST]


def later_names(asked: str, name: str) -> list[str]:
    """Return the names that come after `name` on the walk that began with `asked`."""
    names = suffixed(asked)
    return names[names.index(name) + 1 :] if name in names else []


def made_up_name(source: str | None) -> str:
    """Return a local part made of a tenant's name, with room for a suffix; two tenants may come to the same one."""
    plain = unicodedata.normalize("NFKD", source or "").encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9._-]+", "-", plain)[: LONGEST - len(str(LAST_SUFFIX))]
    return re.sub(r"[._-]{2,}", "-", words).strip("._-") or UNNAMED


def is_answer(wish: Wish, existing: Existing | None) -> bool:
    """Return whether an account at the very address is what was asked for (S2-14, A36).

    Another workspace's inbox is, for a key of the whole tenant; a workspace's own key does not learn of it.
    """
    return (
        existing is not None
        and wish.may_match
        and existing.tenant_id == wish.tenant_id
        and existing.dialect is wish.dialect
        and (existing.workspace_id == wish.workspace_id or not wish.is_bound)
    )


def refuse_taken(address: str) -> Refusal:
    """Return why no name is left; nothing but the address is told (S2-23 to S2-25, A33, A37)."""
    return Refusal(TAKEN, f"The address {address} is taken.", {"address": address})
