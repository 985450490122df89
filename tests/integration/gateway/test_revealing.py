"""Secrets in final answers: opened and minted once, in the transaction that closes the request, and ended with their account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.gateway.reads import Reader
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.requests.reads import answers_of
from services.gateway.security.keys import is_secret_of, parse_key
from services.gateway.subscribers import Projector
from services.gateway.views import View
from shared.clock import SystemClock
from shared.contracts.accounts import AccountDeleting, AccountStatus, Credential, CredentialsRevoked
from shared.contracts.answers import Outcome, RequestAnswered
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Dialect
from shared.security.vault import MasterKeys, Vault
from tests.support.gateway import MASTER_KEYS
from tests.support.gateway_events import (
    CALLER,
    START,
    TENANT,
    account_answer,
    account_fact,
    account_state,
    recorded,
)
from tests.support.gateway_projection import ProjectionSide, projection_side

ACCOUNT, REQUEST = UUID(int=1), UUID(int=0xF1)
OWN, FURTHER, OTHER_TENANT = UUID(int=0xC1), UUID(int=0xC2), UUID(int=0xF3)
PROVISIONED = AccountStatus.PROVISIONED
KEYS = MasterKeys.parse(MASTER_KEYS)
SENDMUX = CALLER.model_copy(update={"dialect": Dialect.SENDMUX})


def credentials(*ids: UUID) -> tuple[Credential, ...]:
    return tuple(Credential(id=each, name=f"named {each.int:x}", created_at=START) for each in ids)


def tell(
    request: OpenRequest,
    _answer: RequestAnswered,
    _view: View | None,
    secrets: Secrets | None,
) -> StoredResponse:
    """A response that is nothing but the secrets it was given."""
    if secrets is None:
        return StoredResponse(201, {}, b"no secrets", subject_id=request.subject_id)
    return StoredResponse(201, {}, f"{secrets.credential} {secrets.key.reveal()}".encode(), is_secret=True)


@pytest.fixture
async def side(database_url: str) -> AsyncIterator[ProjectionSide]:
    """A projector whose answers show what Sendmux answers may."""
    async with projection_side(database_url) as made:
        made.projector = Projector(tell, SystemClock(), KEYS, made.told.extend)
        await made.worker.execute(
            "insert into tenant (id, name, owner_id, created_at) values ($1, 'Acme', $1, $2)", TENANT, START
        )
        await made.worker.execute(
            "insert into workspace (id, tenant_id, name, slug, created_at) values ($1, $2, 'Sales', 'sales', $3)",
            account_state(ACCOUNT).workspace_id,
            TENANT,
            START,
        )
        async with made.worker.acquire() as connection:
            for credential in (OWN, FURTHER):
                await Vault(KEYS).put(
                    connection,
                    id=credential,
                    tenant_id=TENANT,
                    kind="inbox_credential",
                    secret=f"s{credential.int:x}",
                )
        yield made


async def open_request(side: ProjectionSide, kind: RequestKind = RequestKind.ACCOUNT_CREATE) -> None:
    await side.open_request(REQUEST, ACCOUNT, kind)
    await side.worker.execute("update request set dialect = 'sendmux' where id = $1", REQUEST)


def fact(version: int, *in_force: UUID, status: AccountStatus = PROVISIONED) -> Recorded:
    return account_fact(
        ACCOUNT,
        version,
        status,
        credential_ref=OWN,
        credentials=credentials(*in_force),
        dialect=Dialect.SENDMUX,
    )


async def told(side: ProjectionSide) -> str:
    """What the request's waiting calls get."""
    return (await answers_of(side.worker, [REQUEST], KEYS))[REQUEST].body.decode()


async def stored_keys(side: ProjectionSide) -> list[dict[str, Any]]:
    rows = await side.worker.fetch("select * from api_key order by created_at, id")
    return [dict(row) for row in rows]


@pytest.mark.promise("R32")
async def test_the_answer_to_a_creation_shows_the_credential_and_a_key_of_its_own_once(
    side: ProjectionSide,
) -> None:
    await open_request(side)
    answer = account_answer(REQUEST, ACCOUNT, {"account": 2})
    await side.project(fact(1, OWN), answer)
    assert await stored_keys(side) == []  # it waits for the fact it needs

    await side.project(fact(2, OWN))
    await side.project(answer)
    await side.project(fact(2, OWN), answer)

    secret, text = (await told(side)).split()
    (stored,) = await stored_keys(side)
    key = parse_key(text)
    assert key is not None
    assert secret == "sc1"
    assert is_secret_of(key, stored["secret_hash"])
    bound = {name: stored[name] for name in ("prefix", "account_id", "credential_id", "tenant_id", "name")}
    assert bound == {
        "prefix": "smx_mbx",
        "account_id": ACCOUNT,
        "credential_id": OWN,
        "tenant_id": TENANT,
        "name": "named c1",
    }
    rows = await side.worker.fetch(
        "select r::text as row from request r union all select k::text from api_key k"
    )
    for row in rows:
        assert secret not in row["row"]
        assert key.secret not in row["row"]


async def test_an_answer_names_the_credential_it_is_about(side: ProjectionSide) -> None:
    await open_request(side, RequestKind.CREDENTIAL_CREATE)
    details = {"credential_id": str(FURTHER)}

    await side.project(
        fact(1, OWN, FURTHER), account_answer(REQUEST, ACCOUNT, {"account": 1}, details=details)
    )

    assert (await told(side)).startswith("sc2 ")
    assert [each["credential_id"] for each in await stored_keys(side)] == [FURTHER]


@pytest.mark.contract("S2-28", "A34")
@pytest.mark.parametrize(
    ("changes", "in_force", "status"),
    [
        ({"outcome": Outcome.MATCHED}, (OWN,), PROVISIONED),
        ({"outcome": Outcome.REFUSED, "code": "address_taken"}, (OWN,), PROVISIONED),
        ({}, (), PROVISIONED),
        ({}, (OWN,), AccountStatus.DELETED),
        ({"details": {"credential_id": str(UUID(int=0xC9))}}, (UUID(int=0xC9),), PROVISIONED),
    ],
    ids=["matched", "refused", "no credential", "deleted", "erased"],
)
async def test_an_answer_without_a_credential_in_force_shows_nothing(
    side: ProjectionSide, changes: dict[str, Any], in_force: tuple[UUID, ...], status: AccountStatus
) -> None:
    await open_request(side)

    await side.project(
        fact(1, *in_force, status=status), account_answer(REQUEST, ACCOUNT, {"account": 1}, **changes)
    )

    assert await told(side) == "no secrets"
    assert await stored_keys(side) == []


async def test_a_credential_that_does_not_open_holds_up_nobody(side: ProjectionSide) -> None:
    side.projector = Projector(tell, SystemClock(), MasterKeys({1: b"x" * 32}), side.told.extend)
    await open_request(side)

    await side.project(fact(1, OWN), account_answer(REQUEST, ACCOUNT, {"account": 1}))

    assert await told(side) == "no secrets"


async def minted(side: ProjectionSide) -> None:
    await open_request(side)
    await side.project(fact(1, OWN, FURTHER), account_answer(REQUEST, ACCOUNT, {"account": 1}))
    assert [each["revoked_at"] for each in await stored_keys(side)] == [None]


def revoked(version: int, *in_force: UUID) -> Recorded:
    state = account_state(ACCOUNT, PROVISIONED, credentials=credentials(*in_force), dialect=Dialect.SENDMUX)
    return recorded(CredentialsRevoked(account=state), ACCOUNT, version)


async def test_a_key_ends_with_the_credential_it_came_with(side: ProjectionSide) -> None:
    await minted(side)

    await side.project(revoked(2, OWN))
    assert [each["revoked_at"] for each in await stored_keys(side)] == [None]
    await side.project(revoked(3))

    (ended,) = await stored_keys(side)
    assert isinstance(ended["revoked_at"], datetime)
    await side.project(revoked(3))
    assert await stored_keys(side) == [ended]


async def test_keys_end_when_their_account_is_going_away(side: ProjectionSide) -> None:
    await minted(side)

    state = account_state(ACCOUNT, AccountStatus.DELETING, dialect=Dialect.SENDMUX)
    await side.project(recorded(AccountDeleting(account=state), ACCOUNT, 2))

    assert all(each["revoked_at"] for each in await stored_keys(side))


@pytest.mark.promise("R31")
@pytest.mark.contract("S2-29")
async def test_a_reader_opens_the_credential_of_its_own_tenants_inbox_only(side: ProjectionSide) -> None:
    account = account_state(ACCOUNT, PROVISIONED, credential_ref=OWN)
    reader = Reader(side.reader, KEYS)

    async with reader.bound(CALLER) as connection:
        assert await reader.secret_of(connection, CALLER, account) == "sc1"
        bare = account.model_copy(update={"credential_ref": None})
        assert await reader.secret_of(connection, CALLER, bare) is None
        stranger = CALLER.model_copy(update={"tenant_id": OTHER_TENANT})
        assert await reader.secret_of(connection, stranger, account) is None
        moved = account.model_copy(update={"tenant_id": OTHER_TENANT})
        assert await reader.secret_of(connection, stranger, moved) is None


@pytest.mark.promise("R31")
async def test_a_bound_connection_sees_no_secret_of_another_tenant(side: ProjectionSide) -> None:
    for tenant, count in ((TENANT, 2), (OTHER_TENANT, 0), (None, 0)):
        async with side.as_caller(tenant) as connection:
            assert await connection.fetchval("select count(*) from vault.secret") == count
