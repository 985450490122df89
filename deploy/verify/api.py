"""A client of the API that never gives up on a call that may have been lost, as a careful client should not."""

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from deploy.verify.console import Failed

_CALL_SECONDS = 40.0
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Api:
    """Speaks to the gateway as the owner of a key."""

    base_url: str
    key: str

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, str] | None = None,
        *,
        once: str = "",
        within_seconds: float = 420.0,
    ) -> Any:
        """Return the answer's JSON, after as many repetitions as lost answers and 5xx ask for.

        `once` is the Idempotency-Key that makes repeating safe. Raises Failed on 4xx and when time is up.
        """
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if once:
            headers["Idempotency-Key"] = once
        data = json.dumps(body).encode() if body is not None else None
        deadline = time.monotonic() + within_seconds
        while True:
            request = urllib.request.Request(self.base_url + path, data, headers, method=method)  # noqa: S310  http only
            try:
                with urllib.request.urlopen(request, timeout=_CALL_SECONDS) as answer:  # noqa: S310  as above
                    return json.load(answer)
            except urllib.error.HTTPError as refusal:
                trouble = f"{refusal.code} {refusal.read(500).decode(errors='replace')}"
                if refusal.code < 500:
                    raise Failed(f"{method} {path} was refused: {trouble}") from refusal
            except (OSError, http.client.HTTPException) as lost:
                trouble = str(lost)
            if time.monotonic() > deadline:
                raise Failed(f"{method} {path} was not answered in {within_seconds:g} s: {trouble}")
            time.sleep(_PAUSE_SECONDS)

    def verified_domain(self, name: str) -> str:
        """Claim a domain, wait until it is verified, and return its id."""
        domain = self.call("POST", "/api/email/domains", {"domain": name})["domain"]
        verify = f"/api/email/domains/{domain['id']}/verify"
        self.call("POST", verify)
        deadline = time.monotonic() + 180.0
        while self.call("POST", f"{verify}?poll=true")["domain"]["status"] != "verified":
            if time.monotonic() > deadline:
                raise Failed(f"the domain {name} was not verified")
            time.sleep(_PAUSE_SECONDS)
        return str(domain["id"])

    def provisioned_account(self, username: str, domain_id: str, within_seconds: float = 420.0) -> str:
        """Create an account and return its address once it warms. Raises Failed if it ends otherwise, or not in time."""
        asked = {"username": username, "domain_id": domain_id, "first_name": "Ada", "last_name": "Lovelace"}
        account = self.call("POST", "/api/email/accounts", asked, once=f"create-{username}")["account"]
        deadline = time.monotonic() + within_seconds
        while account["status"] != "warming":
            if account["status"] in {"failed", "error"} or time.monotonic() > deadline:
                raise Failed(f"the account {username} is {account['status']}")
            time.sleep(_PAUSE_SECONDS)
            account = self.call("GET", f"/api/email/accounts/{account['id']}")["account"]
        return str(account["email_address"])
