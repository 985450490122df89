"""Sealed secrets: a data key per row, wrapped by a versioned master key that lives outside the database.

Opening a row needs its own place (tenant, kind, id) again, so a ciphertext moved to another row or tenant does not open.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.db.pool import Connection
from shared.errors import MailwrightError
from shared.observability.logging import get_logger

log = get_logger(__name__)

INBOX_CREDENTIAL = "inbox_credential"
"""The kind of secret that an inbox's credential is: the provisioner keeps it, the gateway shows it."""
KEY_BYTES = 32
NONCE_BYTES = 12


class VaultError(MailwrightError):
    """A secret cannot be sealed or opened; says nothing about its content."""

    code = "vault_error"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret at rest."""

    key_version: int
    wrapped_key: bytes
    ciphertext: bytes


class MasterKeys:
    """The versioned keys that wrap data keys; the highest version seals, all of them open."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise VaultError("Master keys must be given, each of 32 bytes.")
        self._keys = keys
        self._newest = max(keys)

    @classmethod
    def parse(cls, text: str) -> MasterKeys:
        """Read `1:<base64>[,2:<base64>…]`.

        Raises:
            VaultError: The text is not of that form; the message does not repeat it.
        """
        try:
            pairs = [entry.split(":", 1) for entry in text.split(",") if entry]
            return cls({int(version): base64.b64decode(key, validate=True) for version, key in pairs})
        except ValueError as error:
            raise VaultError("MAILWRIGHT_MASTER_KEYS is not of the form 1:<base64 of 32 bytes>.") from error

    def derived(self, purpose: bytes) -> tuple[bytes, ...]:
        """Return a key for another purpose from each master key, the newest first; none tells anything of its master."""
        return tuple(
            hmac.digest(self._keys[version], purpose, "sha256")
            for version in sorted(self._keys, reverse=True)
        )

    def seal(self, secret: bytes, *, place: bytes) -> Sealed:
        """Seal a secret to its place."""
        data_key = AESGCM.generate_key(KEY_BYTES * 8)
        return Sealed(
            self._newest,
            _encrypt(self._keys[self._newest], data_key, place),
            _encrypt(data_key, secret, place),
        )

    def open(self, sealed: Sealed, *, place: bytes) -> bytes:
        """Open a sealed secret.

        Raises:
            VaultError: Its master key is unknown here, or it was not sealed for this place.
        """
        master = self._keys.get(sealed.key_version)
        if master is None:
            raise VaultError(f"Master key {sealed.key_version} is not configured.")
        try:
            return _decrypt(_decrypt(master, sealed.wrapped_key, place), sealed.ciphertext, place)
        except InvalidTag as error:
            raise VaultError("The secret was not sealed for this place.") from error


class Vault:
    """Secrets by id in the shared `vault` schema; written in the transaction that commits the reference."""

    def __init__(self, keys: MasterKeys) -> None:
        self._keys = keys

    async def put(self, connection: Connection, *, id: UUID, tenant_id: UUID, kind: str, secret: str) -> None:  # noqa: A002  the reference's own name
        """Seal a secret under a new id; an id is never overwritten with another secret."""
        sealed = self._keys.seal(secret.encode(), place=_place(tenant_id, kind, id))
        await connection.execute(
            """
            insert into vault.secret (id, tenant_id, kind, key_version, wrapped_key, ciphertext)
            values ($1, $2, $3, $4, $5, $6)
            """,
            id,
            tenant_id,
            kind,
            sealed.key_version,
            sealed.wrapped_key,
            sealed.ciphertext,
        )

    async def get(self, connection: Connection, *, id: UUID, tenant_id: UUID, kind: str) -> str | None:  # noqa: A002  the reference's own name
        """Open a secret; None when there is none of this kind for this tenant.

        Raises:
            VaultError: It does not open here.
        """
        row = await connection.fetchrow(
            """
            select key_version, wrapped_key, ciphertext from vault.secret
            where id = $1 and tenant_id = $2 and kind = $3
            """,
            id,
            tenant_id,
            kind,
        )
        if row is None:
            return None
        return self._keys.open(Sealed(*row), place=_place(tenant_id, kind, id)).decode()

    async def get_many(
        self, connection: Connection, wanted: Iterable[tuple[UUID, UUID]], *, kind: str
    ) -> dict[UUID, str]:
        """Open those of these secrets, given by id and tenant, that exist; one that does not open is told and left out."""
        wanted = list(wanted)
        rows = await connection.fetch(
            """
            select s.id, s.tenant_id, s.key_version, s.wrapped_key, s.ciphertext
            from unnest($1::uuid[], $2::uuid[]) as w (id, tenant_id)
            join vault.secret s on s.id = w.id and s.tenant_id = w.tenant_id where s.kind = $3
            """,
            [each for each, _ in wanted],
            [tenant_id for _, tenant_id in wanted],
            kind,
        )
        opened: dict[UUID, str] = {}
        for row in rows:
            sealed = Sealed(row["key_version"], row["wrapped_key"], row["ciphertext"])
            place = _place(row["tenant_id"], kind, row["id"])
            try:
                opened[row["id"]] = self._keys.open(sealed, place=place).decode()
            except VaultError:
                log.exception("secret_not_opened", id=str(row["id"]))
        return opened

    async def forget(self, connection: Connection, *, id: UUID) -> None:  # noqa: A002  the reference's own name
        """Erase a secret with its data key."""
        await connection.execute("delete from vault.secret where id = $1", id)


def _place(tenant_id: UUID, kind: str, id: UUID) -> bytes:  # noqa: A002  the reference's own name
    return f"{tenant_id}|{kind}|{id}".encode()


def _encrypt(key: bytes, plain: bytes, place: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place)


def _decrypt(key: bytes, sealed: bytes, place: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
