"""A request without an id could be answered to nobody: it is kept as a dead letter, and never passed over in silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.provisioner.handlers.change_domain import change_domain
from services.provisioner.handlers.command_account import command_account
from services.provisioner.handlers.delete_account import delete_account
from services.provisioner.handlers.delete_domain import delete_domain
from services.provisioner.handlers.request_account import request_account
from services.provisioner.handlers.request_domain import request_domain
from services.provisioner.handlers.verify_domain import verify_domain
from shared.contracts.accounts import AccountDeletionRequested, AccountRequested, CredentialsRequested, Plan
from shared.contracts.domains import (
    DomainChangeRequested,
    DomainDeletionRequested,
    DomainRequested,
    DomainVerificationRequested,
)
from shared.contracts.envelope import Recorded
from shared.contracts.requests import Caller, Dialect, Request
from shared.errors import Poison

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ID = UUID(int=1)
CALLER = Caller(tenant_id=ID, workspace_id=ID, user_id=ID, key_id="key", dialect=Dialect.PUFFLE)
NOTHING: Any = None  # whoever came to use it would fail otherwise than with Poison
HANDLERS: list[tuple[Request, Callable[[Recorded, Any], Awaitable[None]]]] = [
    (
        AccountRequested(caller=CALLER, plan=Plan(steps=()), workspace_id=ID),
        lambda request, _: request_account(request, store=NOTHING, recorder=NOTHING),
    ),
    (
        AccountDeletionRequested(caller=CALLER),
        lambda request, _: delete_account(request, store=NOTHING),
    ),
    (
        CredentialsRequested(caller=CALLER, credential_id=ID, name="x"),
        lambda request, _: command_account(request, store=NOTHING),
    ),
    (
        DomainRequested(caller=CALLER, workspace_id=ID, domain="acme.example"),
        lambda request, asked: request_domain(request, asked, desk=NOTHING, now=NOW, ownership_key=b""),
    ),
    (
        DomainChangeRequested(caller=CALLER, status="failed"),
        lambda request, asked: change_domain(request, asked, desk=NOTHING),
    ),
    (
        DomainVerificationRequested(caller=CALLER),
        lambda request, asked: verify_domain(request, asked, desk=NOTHING),
    ),
    (
        DomainDeletionRequested(caller=CALLER, cascade=True),
        lambda request, asked: delete_domain(request, asked, desk=NOTHING),
    ),
]


@pytest.mark.parametrize("number", range(len(HANDLERS)))
async def test_it_is_poison(number: int) -> None:
    asked, handle = HANDLERS[number]
    request = Recorded(ID, ID, NOW, ID, ID, asked)
    with pytest.raises(Poison):
        await handle(request, asked)
