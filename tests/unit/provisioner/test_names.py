"""Names: which ones a request may be given, what a made-up one looks like, and whose inbox is the answer."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.provisioner.domain.names import (
    Existing,
    Wish,
    is_answer,
    later_names,
    made_up_name,
    refuse_taken,
    suffixed,
)
from shared.contracts.accounts import AccountStatus, Naming
from shared.contracts.requests import Dialect

TENANT, WORKSPACE, OTHER = UUID(int=1), UUID(int=2), UUID(int=9)


def wish(naming: Naming = Naming.OWN_OR_SUFFIXED, *, is_bound: bool = True, is_made_up: bool = False) -> Wish:
    return Wish("scout", "acme.example", TENANT, WORKSPACE, Dialect.MYAGENTMAIL, naming, is_bound, is_made_up)


def existing(
    tenant: UUID = TENANT, workspace: UUID = WORKSPACE, dialect: Dialect = Dialect.MYAGENTMAIL
) -> Existing:
    return Existing(UUID(int=5), tenant, workspace, dialect, AccountStatus.PROVISIONED, 4)


@pytest.mark.contract("S2-18", "S2-19", "S2-20", "S2-21")
def test_the_name_itself_is_tried_first_and_then_its_suffixes_in_order() -> None:
    names = wish().candidates()

    assert names[:3] == ["scout", "scout1", "scout2"]
    assert (len(names), names[-1]) == (100, "scout99")


@pytest.mark.contract("S2-23")
@pytest.mark.parametrize("naming", [Naming.EXACT, Naming.OWN_OR_EXACT])
def test_a_strict_request_has_one_name(naming: Naming) -> None:
    assert wish(naming).candidates() == ["scout"]


def test_no_name_is_longer_than_a_local_part_may_be() -> None:
    assert suffixed("a" * 63) == ["a" * 63, *("a" * 63 + str(number) for number in range(1, 10))]
    assert suffixed("a" * 64) == ["a" * 64]


def test_the_walk_goes_on_where_it_stands() -> None:
    assert later_names("scout", "scout")[0] == "scout1"
    assert later_names("scout", "scout98") == ["scout99"]
    assert later_names("scout", "scout99") == []
    assert later_names("scout1", "scout1")[0] == "scout11"


@pytest.mark.contract("S2-8", "S2-9")
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Acme Corp", "acme-corp"),
        ("Müller & Söhne GmbH", "muller-sohne-gmbh"),
        ("acme.io", "acme.io"),
        ("  --Acme..  ", "acme"),
        ("北京", "inbox"),
        ("", "inbox"),
        (None, "inbox"),
        ("x" * 80, "x" * 62),
    ],
)
def test_a_made_up_name_is_a_slug_of_the_tenants_and_nothing_else(source: str | None, name: str) -> None:
    assert made_up_name(source) == name


@pytest.mark.contract("S2-14", "S2-26", "A36", "A43")
@pytest.mark.parametrize(
    ("asked", "found", "is_it"),
    [
        (wish(), existing(), True),
        (wish(Naming.OWN_OR_EXACT), existing(), True),
        (wish(Naming.EXACT), existing(), False),
        (wish(is_made_up=True), existing(), False),
        (wish(), None, False),
        (wish(), existing(tenant=OTHER), False),
        (wish(), existing(dialect=Dialect.SENDMUX), False),
        (wish(), existing(workspace=OTHER), False),
        (wish(is_bound=False), existing(workspace=OTHER), True),
    ],
)
def test_the_tenants_own_inbox_is_the_answer_unless_its_key_may_not_know_of_it(
    asked: Wish, found: Existing | None, is_it: bool
) -> None:
    assert is_answer(asked, found) is is_it


@pytest.mark.contract("S2-24", "S2-25", "A37")
def test_a_refusal_names_the_address_and_nothing_else() -> None:
    refusal = refuse_taken("scout@acme.example")

    assert (refusal.code, refusal.details) == ("username_taken", {"address": "scout@acme.example"})
