"""The OpenAPI document: complete, and no route without a scope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.gateway.bootstrap import build
from services.gateway.dialects.puffle.analytics import figures
from services.gateway.dialects.puffle.render import account_json, domain_json, sender_json, wide_json
from services.gateway.dialects.puffle.responses import (
    Account,
    Domain,
    SenderResponse,
    WideAccount,
)
from services.gateway.dialects.puffle.responses_warmups import WarmupTotals
from services.gateway.queries_messages import Sends
from services.gateway.security.scopes import ALL
from services.gateway.settings import GatewaySettings
from tests.support.gateway_events import START, warmup_state
from tests.unit.gateway.test_rendering import account, domain


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    settings = GatewaySettings.model_validate({"database_url": "postgresql://", "kafka_bootstrap": "x"})
    return build(settings).openapi()


SCHEMES: dict[str, tuple[str, ...]] = {
    "/api/v1/": ("SendmuxKey",),
    "/api/": ("ApiKey",),
    "/v1/": ("MyAgentMailKey", "MyAgentMailBearer"),
}
"""What the keys of each dialect are called, by what its paths begin with."""
ERRORS = {
    "/api/v1/": ("/SendmuxError", {"ok", "error", "meta"}),
    "/api/": ("/Error", {"error", "code", "request_id"}),
    "/v1/": ("/AgentError", {"error", "code"}),
}
"""The schema of each dialect's errors and the fields of every example."""


def of_dialect(path: str, table: dict[str, Any]) -> Any:
    return next(found for prefix, found in table.items() if path.startswith(prefix))


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, each)
        for path, methods in document["paths"].items()
        for method, each in methods.items()
    ]


@pytest.mark.contract("S0-1", "S0-56", "S0-57", "S1-1")
def test_the_documented_operations_are_there(document: dict[str, Any]) -> None:
    named = {(method, path): each["operationId"] for path, method, each in operations(document)}

    assert named["post", "/api/email/accounts"] == "createEmailAccount"
    assert named["get", "/api/email/accounts"] == "listEmailAccounts"
    assert named["patch", "/api/email/accounts/{id}/retry-warmup"] == "retryAccountWarmup"
    assert named["post", "/api/email/domains"] == "createEmailDomain"
    assert named["post", "/api/email/domains/{id}/verify"] == "verifyEmailDomain"
    assert named["get", "/api/email/accounts/warmup-analytics"] == "getWarmupAnalytics"
    assert named["delete", "/api/email/accounts/{id}"] == "deleteEmailAccount"


def test_every_operation_needs_a_key_and_a_scope(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert path == "/v1/me" or operation["x-required-scope"] in ALL, (method, path)
        assert operation["security"] == [{each: []} for each in of_dialect(path, SCHEMES)], (method, path)


def test_every_error_is_ours_with_an_example(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        errors = {int(status): each for status, each in operation["responses"].items() if int(status) >= 400}
        usual = {401, 403, 500, 503} if "x-required-scope" in operation else {401, 500, 503}
        assert usual <= errors.keys(), (method, path)
        for status, error in errors.items():
            content = error["content"]["application/json"]
            schema, fields = of_dialect(path, ERRORS)
            assert content["schema"]["$ref"].endswith(schema), (method, path, status)
            assert all(set(each["value"]) >= fields for each in content["examples"].values())


@pytest.mark.contract("S0-4", "S0-5", "S0-8", "S0-14", "S0-15")
def test_a_body_is_described_field_by_field(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/email/accounts"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]

    assert set(body["properties"]) == {"username", "domain_id", "display_name", "first_name", "last_name"}
    assert body["required"] == ["username", "domain_id"]
    assert body["additionalProperties"] is False


def test_what_is_rendered_is_what_is_described() -> None:
    assert set(account_json(account())) == set(Account.model_fields)
    assert set(domain_json(domain())) == set(Domain.model_fields)
    assert set(wide_json(account_json(account()))) == set(WideAccount.model_fields)
    told = figures(warmup_state(UUID(int=1)), START, 60.0)
    assert set(told) == set(WarmupTotals.model_fields)
    SenderResponse.model_validate(sender_json(account_json(account()), Sends(1, 2)))
    WarmupTotals.model_validate(told)
    Account.model_validate(account_json(account()))
    Domain.model_validate(domain_json(domain()))
