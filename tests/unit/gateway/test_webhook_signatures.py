"""A webhook is taken for the provider's only if its Svix headers sign its very bytes, now, with the secret there is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.gateway.webhook_signatures import claims_signature, is_signed
from services.simulator.agentmail.delivery import sign

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
BODY = b'{"type":"event","event_type":"message.received","event_id":"evt_1"}'


def signed(
    body: bytes = BODY, *, secret: str = SECRET, age: timedelta = timedelta(), **changes: str
) -> dict[str, str]:
    timestamp = int((datetime.now(UTC) - age).timestamp())
    headers = {
        "svix-id": "msg_1",
        "svix-timestamp": str(timestamp),
        "svix-signature": sign(secret, "msg_1", timestamp, body),
    }
    return {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}


def test_what_the_provider_signed_is_taken() -> None:
    assert is_signed(SECRET, signed(), BODY)
    assert is_signed(SECRET, signed(svix_signature=f"v2,zz {signed()['svix-signature']}"), BODY)


@pytest.mark.parametrize("minutes", [-4.8, 4.8])
def test_clocks_may_differ_by_five_minutes(minutes: float) -> None:
    assert is_signed(SECRET, signed(age=timedelta(minutes=minutes)), BODY)


@pytest.mark.parametrize("minutes", [-5.2, 5.2, 60.0])
def test_an_old_or_early_signature_is_refused(minutes: float) -> None:
    assert not is_signed(SECRET, signed(age=timedelta(minutes=minutes)), BODY)


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, BODY + b" "),
        ({}, b"\xff\xfe"),
        ({"secret": "whsec_" + base64.b64encode(b"another secret").decode()}, BODY),
        ({"svix_id": "msg_2"}, BODY),
        ({"svix_timestamp": "soon"}, BODY),
        ({"svix_timestamp": "nan"}, BODY),
        ({"svix_timestamp": "9" * 400}, BODY),
        ({"svix_signature": "v1"}, BODY),
        ({"svix_signature": "v1,§§§"}, BODY),
        ({"svix_signature": "v1,a,b"}, BODY),
        ({"svix_signature": ","}, BODY),
        ({"svix_signature": ""}, BODY),
    ],
)
def test_anything_else_is_refused_and_never_an_error(changes: dict[str, Any], body: bytes) -> None:
    assert not is_signed(SECRET, signed(**changes), body)


def test_a_call_without_any_header_is_refused() -> None:
    assert not is_signed(SECRET, {}, BODY)


@pytest.mark.parametrize("secret", [None, "", "whsec_", "whsec_" + "!" * 20])
def test_without_a_secret_nothing_is_taken(secret: str | None) -> None:
    assert not is_signed(secret, signed(), BODY)


def test_a_call_without_the_headers_is_not_read() -> None:
    assert claims_signature(signed())
    assert not claims_signature({"svix-id": "msg_1", "svix-timestamp": "1"})
