"""AgentMail's domains, in our words."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from services.provisioner.domain.domains import ProviderStatus, ProviderView
from services.provisioner.ports import OperatorFault, Refused
from services.provisioner.ports_domains import NotOurs, Vanished
from services.provisioner.providers.errors import NOT_NOW, OUR_FAULT, TAKEN, words_of
from shared.contracts.domains import DnsRecord
from shared.errors import MailwrightError, Retryable, Unknown
from shared.http.errors import ProviderRefused
from shared.http.provider import Provider

_STATUSES = {"verified": ProviderStatus.VERIFIED, "verifying": ProviderStatus.VERIFYING}
_RECORD_STATUSES = {"VALID": "valid", "INVALID": "invalid"}


class AgentMailDomains:
    """Registers and checks domains; the name is the key, so that a repeated call finds what an earlier one made."""

    def __init__(self, agentmail: Provider) -> None:
        self._agentmail = agentmail

    async def create(self, domain: str) -> ProviderView:
        """Register the domain, or adopt it if our organisation has it."""
        try:
            body = await self._agentmail.call(
                "domains.create", "POST", "/v0/domains", json={"domain": domain}
            )
            return _view(body)
        except ProviderRefused as error:
            if not words_of(error) & TAKEN:
                raise _meaning(error) from None
        known = await self.find(domain)
        if known is None:
            raise NotOurs("Another organisation registered the domain.")
        return known

    async def find(self, domain: str) -> ProviderView | None:
        """Return the domain as it stands, or None if it is not our organisation's."""
        try:
            return _view(await self._agentmail.call("domains.get", "GET", _path(domain)))
        except ProviderRefused as error:
            if error.status == 404:
                return None
            raise OperatorFault("The inbox provider does not let us read domains.") from None

    async def verify(self, domain: str) -> None:
        """Ask for the checks; a 409 means that they run already."""
        try:
            await self._agentmail.call("domains.verify", "POST", f"{_path(domain)}/verify")
        except ProviderRefused as error:
            if error.status == 404:
                raise Vanished("The provider does not know the domain any more.") from None
            if error.status != 409:
                raise _meaning(error) from None

    async def delete(self, domain: str) -> None:
        """Ask for the domain to be forgotten; any refusal but a 404 is waited out, whatever it says."""
        try:
            await self._agentmail.call("domains.delete", "DELETE", _path(domain))
        except ProviderRefused as error:
            if error.status == 404:
                return
            meant = _meaning(error)
            if isinstance(meant, Retryable):
                raise meant from None
            raise Retryable(
                "The inbox provider does not delete the domain.", code="provider_refused"
            ) from None


def _meaning(error: ProviderRefused) -> MailwrightError:
    """Return a refusal in our terms; the provider's own words stay behind."""
    if error.status in OUR_FAULT:
        return OperatorFault("The inbox provider refuses the configured key or plan.")
    if words_of(error) & NOT_NOW:
        return Retryable("The inbox provider is still busy with this domain.", code="provider_busy")
    return Refused("The inbox provider refused the domain.")


def _path(domain: str) -> str:
    return f"/v0/domains/{quote(domain, safe='')}"


def _view(body: Any) -> ProviderView:
    """Read a domain; older bodies lack `domain_id`, and prose shows statuses in lower case.

    Raises:
        Unknown: The body is not a domain.
    """
    try:
        records = tuple(_record(record) for record in body["records"])
        status = _STATUSES.get(str(body["status"]).lower(), ProviderStatus.UNVERIFIED)
        return ProviderView(id=str(body.get("domain_id") or body["domain"]), status=status, records=records)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unknown("The provider answered with something that is not a domain.") from None


def _record(record: dict[str, Any]) -> DnsRecord:
    return DnsRecord.model_validate(
        {
            "type": record["type"],
            "name": record["name"],
            "value": record["value"],
            "priority": record.get("priority"),
            "status": _RECORD_STATUSES.get(str(record.get("status")).upper(), "missing"),
        }
    )
