"""How Sendmux shows mailboxes, keys and domains."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from services.gateway.dialects.sendmux import ids
from services.gateway.dialects.wire import encode, instant
from services.gateway.mail_servers import MailServers
from services.gateway.requests.model import Secrets
from shared.contracts.accounts import AccountState, AccountStatus, Credential, SendScope
from shared.contracts.domains import DnsRecord, DomainState, DomainStatus

MAILBOXES = "/api/v1/mailboxes"
DOMAINS = "/api/v1/domains"
WITHOUT_CREDENTIALS = (
    "The mailbox was created without initial credentials; POST /api/v1/mailboxes/{id}/keys issues some."
)
STILL_MADE = (
    "This is still being made; the same call with the same Idempotency-Key gives the result when it is done."
)

_STATUS = {
    AccountStatus.RESERVED: "provisioning",
    AccountStatus.PROVISIONED: "active",
    AccountStatus.FAILED: "failed",
    AccountStatus.DELETING: "deleted",
    AccountStatus.DELETED: "deleted",
}
_VERIFICATION = {DomainStatus.VERIFIED: "verified", DomainStatus.FAILED: "failed"}


def mailbox_json(account: AccountState) -> dict[str, Any]:
    """Return a mailbox as every route shows it (S4-22)."""
    return {
        "id": ids.public_id(ids.MAILBOX, account.account_id),
        "email": account.address,
        "display_name": account.display_name,
        "quota_bytes": account.quota_bytes,
        "send_scope": scope_json(account.send_scope),
        "status": mailbox_status(account),
        "created_at": instant(account.created_at),
        **_failure_json(account),
    }


def mailbox_status(account: AccountState) -> str:
    """Return a mailbox's status; from the moment its deletion is decided it is `deleted` (S4-30)."""
    status = _STATUS[account.status]
    return "suspended" if status == "active" and account.suspended else status


def scope_json(scope: SendScope) -> dict[str, Any]:
    """Return a send scope; ids are there only with the type they belong to (S4-29)."""
    match scope.type:
        case "providers":
            return {"type": "providers", "provider_public_ids": list(scope.provider_public_ids)}
        case "group":
            return {"type": "group", "group_public_ids": list(scope.group_public_ids)}
        case "all":
            return {"type": "all"}


def key_json(credential: Credential) -> dict[str, Any]:
    """Return a key as lists show it: without its secrets."""
    return {
        "public_id": ids.public_id(ids.KEY, credential.id),
        "app_name": credential.name,
        "created_at": instant(credential.created_at),
    }


def key_secrets_json(secrets: Secrets) -> dict[str, Any]:
    """Return a new key as its owner sees it this once (S4-32)."""
    key = secrets.key
    return {
        "public_id": ids.public_id(ids.KEY, secrets.credential_id),
        "key": key.reveal(),
        "key_prefix": f"{key.prefix}_",
        "key_suffix": key.suffix,
    }


def login_json(address: str, servers: MailServers, secrets: Secrets) -> dict[str, Any]:
    """Return how a mail program reaches a mailbox, with the password that goes with a new key (S4-36)."""
    return {
        "server": servers.imap_host,
        "imap_port": servers.imap_port,
        "smtp_port": servers.smtp_port,
        "username": address,
        "password": secrets.credential,
        "smtp_server": servers.smtp_host,
    }


def domain_json(domain: DomainState, mailboxes: int) -> dict[str, Any]:
    """Return a domain as every route shows it; `mailboxes` is how many are on it."""
    return {
        "id": ids.public_id(ids.DOMAIN, domain.domain_id),
        "domain": domain.domain,
        "verification_status": _VERIFICATION.get(domain.status, "pending"),
        "ses_dkim_status": dkim_status(domain),
        "verified_at": instant(domain.verified_at),
        "created_at": instant(domain.created_at),
        "mailbox_count": mailboxes,
        "dns_records": records_json(domain.dns_records),
    }


def verification_json(domain: DomainState) -> dict[str, Any]:
    """Return what the last check of a domain's records found in public DNS."""
    return {
        "status": _VERIFICATION.get(domain.status, "pending"),
        "ses_dkim_status": dkim_status(domain),
        "checks": {
            "mx": _stand(domain, "mx"),
            "verification_txt": _stand(domain, "ownership"),
            "spf": _stand(domain, "spf"),
            "dmarc": _stand(domain, "dmarc"),
        },
    }


def dkim_status(domain: DomainState) -> str:
    """Return how the domain's signing records stand, in SES's words."""
    if _stand(domain, "dkim"):
        return "success"
    if domain.status is DomainStatus.FAILED:
        return "failed"
    return "pending" if _of(domain.dns_records, "dkim") else "not_started"


def records_json(records: Iterable[DnsRecord]) -> dict[str, Any]:
    """Return a domain's records by what they are for."""
    found = tuple(records)
    shown = {purpose: [_record(each) for each in _of(found, purpose)] for purpose in _PURPOSES}
    return {
        "mx": [_mx(each) for each in _of(found, "mx")],
        "spf": next(iter(shown["spf"]), None),
        "dmarc": next(iter(shown["dmarc"]), None),
        "dkim": shown["dkim"],
        "verification": next(iter(shown["ownership"]), None),
        "other": shown["other"],
    }


_PURPOSES = ("spf", "dmarc", "dkim", "ownership", "other")


def etag(*about: object) -> str:
    """Return the weak ETag of what these values tell apart: `W/"` and 16 hex digits."""
    return f'W/"{hashlib.sha256(encode([str(each) for each in about])).hexdigest()[:16]}"'


def mailbox_etag(account: AccountState, version: int) -> str:
    """Return the ETag of a mailbox: another one at each of its versions."""
    return etag(account.account_id, version)


def _failure_json(account: AccountState) -> dict[str, Any]:
    if account.status is not AccountStatus.FAILED or account.failure is None:
        return {}
    return {"failure": account.failure.model_dump()}


def _of(records: Iterable[DnsRecord], purpose: str) -> list[DnsRecord]:
    return [record for record in records if record.purpose == purpose]


def _stand(domain: DomainState, purpose: str) -> bool:
    found = _of(domain.dns_records, purpose)
    return bool(found) and all(record.status == "valid" for record in found)


def _record(record: DnsRecord) -> dict[str, Any]:
    return {
        "type": record.type,
        "name": record.name,
        "value": record.value,
        "status": record.status,
        "seen": list(record.seen),
    }


def _mx(record: DnsRecord) -> dict[str, Any]:
    return {
        "type": "MX",
        "name": record.name,
        "priority": record.priority if record.priority is not None else 10,
        "target": record.value,
        "status": record.status,
        "seen": list(record.seen),
    }
