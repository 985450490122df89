"""How MyAgentMail shows inboxes, domains, workspaces and keys."""

from __future__ import annotations

from typing import Any

from services.gateway.dialects.myagentmail.errors import shown_code
from services.gateway.dialects.wire import instant
from services.gateway.mail_servers import MailServers
from services.gateway.tenancy.keys import ShownKey
from services.gateway.tenancy.workspaces import Workspace
from services.gateway.views import AccountView, DomainView
from shared.contracts.accounts import AccountState
from shared.contracts.domains import DnsRecord, DomainStatus
from shared.contracts.standing import Status

Json = dict[str, Any]

INBOXES = "/v1/inboxes"
DOMAINS = "/v1/domains"
WORKSPACES = "/v1/workspaces"

_STATUS = {Status.PROVISIONING: "provisioning", Status.FAILED: "failed", Status.DELETING: "deleting"}
_DOMAIN_STATUS = {DomainStatus.VERIFYING: "pending"}


def inbox_json(account: AccountState, servers: MailServers, password: str | None = None) -> Json:
    """Return an inbox as every route shows it; without a password the fields for it are left out (S2-31, A34).

    An address that is not allocated yet is null.
    """
    email = account.primary_alias or account.address
    addresses = (account.address, *account.aliases) if email else ()
    login = {"username": account.address or None, **({"password": password} if password is not None else {})}
    return {
        "id": str(account.account_id),
        "email": email or None,
        "canonicalEmail": account.address or None,
        "username": account.username or None,
        "domain": account.domain,
        "displayName": account.display_name,
        "workspaceId": str(account.workspace_id),
        "addresses": [{"address": address, "isPrimary": address == email} for address in addresses],
        "imap": {"host": servers.imap_host, "port": servers.imap_port, "tls": True, **login},
        "smtp": {
            "host": servers.smtp_host,
            "port": servers.smtp_port,
            "starttls": servers.is_starttls,
            **login,
        },
        "createdAt": instant(account.created_at),
    }


def read_inbox_json(view: AccountView, servers: MailServers, password: str | None = None) -> Json:
    """Return an inbox as reads show it: with how it stands and what its owner keeps beside it."""
    account, failure = view.account, view.account.failure
    return {
        **inbox_json(account, servers, password),
        "status": _STATUS.get(view.status, "active"),
        "metadata": account.metadata,
        "failure": {"error": failure.message, "code": shown_code(failure.code)} if failure else None,
    }


def domain_json(view: DomainView) -> Json:
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


def _record_json(record: DnsRecord) -> Json:
    return {
        "type": record.type,
        "name": record.name,
        "value": record.value,
        "priority": record.priority,
        "status": "verified" if record.status == "valid" else "pending",
        "check": record.status,
        "seen": list(record.seen),
    }


def workspace_json(workspace: Workspace) -> Json:
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


def key_json(key: ShownKey) -> Json:
    """Return a workspace's key without its secret."""
    return {
        "id": key.id,
        "prefix": key.kind.value,
        "name": key.name or None,
        "workspaceId": str(key.workspace_id),
        "createdAt": instant(key.created_at),
    }
