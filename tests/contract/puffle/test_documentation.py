"""What the reference only says in prose is said by the API's own description."""

from __future__ import annotations

import re

import pytest

from tests.contract.puffle.driver import ACCOUNTS, DOMAINS, Json, Puffle

contract = pytest.mark.contract

UUID_PATTERN = (
    "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
    "|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$"
)
RETRY = f"{ACCOUNTS}/{{id}}/retry-warmup"
VERIFY = f"{DOMAINS}/{{id}}/verify"


@pytest.fixture(scope="module")
async def api(nobody: Puffle) -> Json:
    """The OpenAPI document, which needs no key."""
    answer = await nobody.http.get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def schema(api: Json, reference: Json) -> Json:
    """Return what a schema says, its references followed."""
    while "$ref" in reference:
        found = api
        for part in reference["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        reference = found
    return reference


def body(api: Json, operation: Json) -> Json:
    """Return the schema of an operation's JSON body."""
    return schema(api, operation["requestBody"]["content"]["application/json"]["schema"])


@contract("S0-1", "S0-20", "S0-56", "S0-57", "S1-1", "S1-32", "A8")
async def test_operations_have_the_names_other_pages_use(api: Json) -> None:
    paths = api["paths"]

    assert paths[ACCOUNTS]["post"]["operationId"] == "createEmailAccount"
    assert paths[ACCOUNTS]["get"]["operationId"] == "listEmailAccounts"
    assert paths[DOMAINS]["post"]["operationId"] == "createEmailDomain"
    assert paths[VERIFY]["post"]["operationId"] == "verifyEmailDomain"
    assert paths[RETRY]["patch"]["operationId"] == "retryAccountWarmup"
    assert paths[f"{ACCOUNTS}/warmup-analytics"]["get"]["operationId"] == "getWarmupAnalytics"


@contract("S0-4", "S0-5", "S0-6", "S0-7", "S0-8", "S0-9", "S0-14", "S0-15")
async def test_the_create_body_has_five_fields_and_two_are_required(api: Json) -> None:
    create = body(api, api["paths"][ACCOUNTS]["post"])

    assert set(create["properties"]) == {"username", "domain_id", "display_name", "first_name", "last_name"}
    assert set(create["required"]) == {"username", "domain_id"}
    assert create["properties"]["username"]["minLength"] == 1
    assert create["properties"]["domain_id"]["pattern"] == UUID_PATTERN
    assert create["additionalProperties"] is False


@contract("S0-3", "S1-3")
async def test_every_operation_needs_a_bearer_token(api: Json) -> None:
    schemes = api["components"]["securitySchemes"]
    for path, methods in api["paths"].items():
        if not path.startswith("/api/"):
            continue
        for operation in methods.values():
            (needed,) = operation.get("security", api.get("security", []))
            (name,) = needed
            assert (schemes[name]["type"], schemes[name]["scheme"]) == ("http", "bearer"), path


@contract("S1-2", "S1-4", "S1-9", "S1-24", "S1-26", "S1-34")
async def test_the_retry_has_no_body_and_names_its_outcomes(api: Json) -> None:
    retry = api["paths"][RETRY]["patch"]

    assert "requestBody" not in retry
    (path_id,) = [each for each in retry["parameters"] if each["in"] == "path"]
    assert path_id["required"]
    assert schema(api, path_id["schema"])["pattern"] == UUID_PATTERN
    assert {"200", "202", "400", "401", "404", "409", "500", "502", "503"} <= set(retry["responses"])
    assert "Warmup was enabled but failed to update account status" in str(retry)


@contract("S0-20", "S0-21", "S0-22", "S0-47", "S0-51", "S0-54", "S0-55")
async def test_the_create_description_says_what_comes_before_and_after(api: Json) -> None:
    create = api["paths"][ACCOUNTS]["post"]

    said = text(create)
    for word in (
        "createEmailDomain",
        "verifyEmailDomain",
        "poll=true",
        "verified",
        "retryAccountWarmup",
        "disableAccountWarmup",
        "getWarmupAnalytics",
    ):
        assert word in said, word
    assert "`warming` account sends no campaign mail until its warmup is complete or `disabled`" in said
    assert {"201", "202", "400", "401", "404", "409", "502", "503"} <= set(create["responses"])
    assert "Cloudflare" in text(api["paths"][DOMAINS]["post"])


@contract("S1-29", "S1-30", "S1-31", "S1-32", "S1-33")
async def test_the_retry_description_says_how_to_go_on(api: Json) -> None:
    said = text(api["paths"][RETRY]["patch"])

    for word in (
        "getWarmupAnalytics",
        "launchCampaign",
        "active",
        "may send campaigns",
        "after 2 to 3 weeks",
        "until it succeeds",
    ):
        assert word in said, word


@contract("S0-41", "S0-48", "S0-50", "S1-20", "S1-21")
async def test_the_account_is_described_with_every_field_and_state(api: Json) -> None:
    answer = api["paths"][ACCOUNTS]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    account = schema(api, schema(api, answer)["properties"]["account"])

    assert {"daily_limit", "signature", "instantly_tag_id", "email_domains"} <= set(account["properties"])
    statuses = schema(api, account["properties"]["status"])["enum"]
    warmups = schema(api, account["properties"]["warmup_status"])["enum"]
    assert {"provisioning", "pending", "warming", "active", "paused", "error", "failed"} <= set(statuses)
    assert {"not_started", "warming", "active", "disabled", "banned", "suspended"} <= set(warmups)


def text(operation: Json) -> str:
    """Return an operation's prose on one line."""
    return re.sub(r"\s+", " ", f"{operation.get('summary', '')} {operation.get('description', '')}")
