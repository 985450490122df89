"""Accounts: whom a domain is open to, why an address is refused, and what a new account is called."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.provisioner.domain.accounts import (
    DomainClaim,
    Holder,
    new_account,
    refuse_by_claim,
    refuse_by_holder,
    sender_names,
)
from shared.contracts.accounts import AccountRequested, AccountState, Plan, Step
from shared.contracts.requests import Caller, Dialect

TENANT, WORKSPACE, DOMAIN = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def claim(*, is_verified: bool = True, is_platform: bool = False) -> DomainClaim:
    return DomainClaim(DOMAIN, TENANT, WORKSPACE, Dialect.PUFFLE, "acme.example", is_verified, is_platform)


def account(**asked: str | None) -> AccountState:
    caller = Caller(
        tenant_id=TENANT, workspace_id=WORKSPACE, user_id=UUID(int=4), key_id="k", dialect=Dialect.PUFFLE
    )
    request = AccountRequested(
        caller=caller,
        plan=Plan(steps=(Step.INBOX,)),
        workspace_id=WORKSPACE,
        domain_id=DOMAIN,
        **{"username": "scout", **asked},
    )
    return new_account(UUID(int=9), request, claim(), request.username or "", NOW)


@pytest.mark.contract("S0-17", "S0-18", "S0-19")
@pytest.mark.parametrize(
    ("tenant", "workspace", "found", "code"),
    [
        (TENANT, WORKSPACE, claim(), None),
        (TENANT, WORKSPACE, None, "domain_not_found"),
        (TENANT, UUID(int=8), claim(), "domain_not_found"),
        (UUID(int=7), WORKSPACE, claim(), "domain_not_found"),
        (UUID(int=7), UUID(int=8), claim(is_platform=True), None),
        (TENANT, WORKSPACE, claim(is_verified=False), "domain_not_verified"),
        (UUID(int=7), UUID(int=8), claim(is_verified=False), "domain_not_found"),
    ],
)
def test_a_domain_is_open_to_its_workspace_once_verified(
    tenant: UUID, workspace: UUID, found: DomainClaim | None, code: str | None
) -> None:
    refusal = refuse_by_claim(found, tenant, workspace, Dialect.PUFFLE, named=DOMAIN)

    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize("dialect", [Dialect.MYAGENTMAIL, Dialect.SENDMUX])
def test_a_claim_carries_accounts_of_its_own_dialect_only(dialect: Dialect) -> None:
    scope = (TENANT, WORKSPACE, dialect)
    refusal = refuse_by_claim(claim(), *scope, named="acme.example")

    assert refusal is not None
    assert refusal.code == "domain_not_found"
    assert refuse_by_claim(claim(is_platform=True), *scope, named="acme.example") is None


@pytest.mark.contract("S0-38", "S0-39")
def test_an_address_in_use_and_a_burned_one_are_told_apart() -> None:
    live = refuse_by_holder("a@acme.example", Holder(UUID(int=5), False))
    burned = refuse_by_holder("a@acme.example", Holder(UUID(int=5), True, "provisioning_failed", NOW))

    assert (live.code, live.details) == ("address_taken", {})
    assert burned.code == "address_burned"
    assert burned.details == {"reason": "provisioning_failed", "burned_at": "2026-01-01T00:00:00+00:00"}


@pytest.mark.contract("S0-13")
def test_the_address_is_the_name_at_the_claimed_domain() -> None:
    assert account(username="ada.l").address == "ada.l@acme.example"


@pytest.mark.contract("S0-25")
@pytest.mark.parametrize(
    ("asked", "display_name"),
    [
        ({"display_name": "The Scout", "first_name": "Ada", "last_name": "L"}, "The Scout"),
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada"}, "Ada"),
        ({"last_name": "Lovelace"}, "Lovelace"),
        ({}, None),
    ],
)
def test_a_missing_display_name_comes_from_the_names(asked: dict[str, str], display_name: str | None) -> None:
    assert account(**asked).display_name == display_name


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"first_name": "Ada", "last_name": "Lovelace"}, ("Ada", "Lovelace")),
        ({"first_name": "Ada"}, ("Ada", "Acme")),
        ({"display_name": "Ada King Lovelace"}, ("Ada", "King Lovelace")),
        ({"username": "ada.lovelace"}, ("Ada", "Lovelace")),
        ({"username": "scout"}, ("Scout", "Acme")),
        ({"username": "..."}, ("...", "Acme")),
    ],
)
def test_a_sender_always_has_two_names(asked: dict[str, str], names: tuple[str, str]) -> None:
    assert sender_names(account(**asked)) == names
