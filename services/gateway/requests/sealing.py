"""Stored answers at rest: a body that holds secrets is sealed to its request."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.gateway.requests.model import OpenRequest, StoredResponse
from shared.security.vault import MasterKeys, Sealed, VaultError


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A body as its row holds it; unsealed when it has no wrapped key."""

    content: bytes
    key_version: int | None = None
    wrapped_key: bytes | None = None


def seal_body(request: OpenRequest, response: StoredResponse, keys: MasterKeys | None) -> StoredBody:
    """Return the body to store.

    Raises:
        VaultError: The body holds secrets and there are no keys to seal it with.
    """
    if not response.is_secret:
        return StoredBody(response.body)
    if keys is None:
        raise VaultError("An answer with secrets needs master keys.")
    sealed = keys.seal(response.body, place=_place(request.id))
    return StoredBody(sealed.ciphertext, sealed.key_version, sealed.wrapped_key)


def open_body(request_id: UUID, body: StoredBody, keys: MasterKeys | None) -> bytes:
    """Return the body as it is sent.

    Raises:
        VaultError: It is sealed and does not open with these keys.
    """
    if body.wrapped_key is None or body.key_version is None:
        return body.content
    if keys is None:
        raise VaultError("A sealed answer needs master keys.")
    return keys.open(Sealed(body.key_version, body.wrapped_key, body.content), place=_place(request_id))


def _place(request_id: UUID) -> bytes:
    return f"request|{request_id}".encode()
