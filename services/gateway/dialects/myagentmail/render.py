"""How MyAgentMail shows inboxes, domains, workspaces and keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.gateway.dialects.myagentmail.errors import shown_code
from services.gateway.tenancy.keys import ShownKey
from services.gateway.tenancy.workspaces import Workspace
from services.gateway.views import AccountView, DomainView, Status
from shared.contracts.accounts import AccountState
from shared.contracts.domains import DnsRecord, DomainStatus

JSON = "application/json"

STARTTLS_PORT = 587
"""At this port mail clients begin in the clear and then encrypt; at every other they encrypt from the beginning."""

_STATUS = {Status.PROVISIONING: "provisioning", Status.FAILED: "failed", Status.DELETING: "deleting"}
_DOMAIN_STATUS = {DomainStatus.VERIFYING: "pending"}


@dataclass(frozen=True, slots=True)
class MailServers:
    """Where mail clients reach the inboxes."""

    imap_host: str
    imap_port: int
    smtp_host: str
    smtp_port: int


def inbox_json(account: AccountState, servers: MailServers, password: str | None = None) -> dict[str, Any]:
    """Return an inbox as every route shows it; without a password the fields for it are left out (S2-31, A34)."""
    email = account.primary_alias or account.address
    return {
        "id": str(account.account_id),
        "email": email,
        "canonicalEmail": account.address,
        "username": account.username,
        "domain": account.domain,
        "displayName": account.display_name,
        "workspaceId": str(account.workspace_id),
        "addresses": [
            {"address": address, "isPrimary": address == email}
            for address in (account.address, *account.aliases)
        ],
        **servers_json(account.address, servers, password),
        "createdAt": instant(account.created_at),
    }


def servers_json(address: str | None, servers: MailServers, password: str | None = None) -> dict[str, Any]:
    """Return what a mail client needs to read and send the inbox's mail (S2-37)."""
    login = {"username": address, **({"password": password} if password is not None else {})}
    return {
        "imap": {"host": servers.imap_host, "port": servers.imap_port, "tls": True, **login},
        "smtp": {
            "host": servers.smtp_host,
            "port": servers.smtp_port,
            "starttls": servers.smtp_port == STARTTLS_PORT,
            **login,
        },
    }


def read_inbox_json(view: AccountView, servers: MailServers, password: str | None = None) -> dict[str, Any]:
    """Return an inbox as reads show it: with how it stands and what its owner keeps beside it."""
    account = view.account
    failure = account.failure
    return {
        **inbox_json(account, servers, password),
        "status": _STATUS.get(view.status, "active"),
        "metadata": account.metadata,
        "failure": failure_json(failure.code, failure.message) if failure else None,
    }


def failure_json(code: str, message: str) -> dict[str, str]:
    """Return why an inbox could not be made, in the words of an error."""
    return {"error": message, "code": shown_code(code)}


def domain_json(view: DomainView) -> dict[str, Any]:
    """Return a domain as every route shows it."""
    domain = view.domain
    return {
        "id": str(domain.domain_id),
        "domain": domain.domain,
        "status": _DOMAIN_STATUS.get(domain.status, domain.status.value),
        "workspaceId": str(domain.workspace_id),
        "dnsRecords": [_record_json(record) for record in domain.dns_records],
        "createdAt": instant(domain.created_at),
        "updatedAt": instant(domain.updated_at),
    }


def _record_json(record: DnsRecord) -> dict[str, Any]:
    return {
        "type": record.type,
        "name": record.name,
        "value": record.value,
        "priority": record.priority,
        "status": "verified" if record.status == "valid" else "pending",
        "check": record.status,
        "seen": list(record.seen),
    }


def workspace_json(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace with how much is in it."""
    return {
        "id": str(workspace.id),
        "name": workspace.name,
        "slug": workspace.slug,
        "isDefault": workspace.is_default,
        "inboxCount": workspace.accounts,
        "domainCount": workspace.domains,
        "createdAt": instant(workspace.created_at),
    }


def key_json(key: ShownKey) -> dict[str, Any]:
    """Return a workspace's key without its secret."""
    return {
        "id": key.id,
        "prefix": key.kind.value,
        "name": key.name or None,
        "workspaceId": str(key.workspace_id),
        "createdAt": instant(key.created_at),
    }


def instant(value: datetime) -> str:
    """Return an instant in UTC with a `Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
