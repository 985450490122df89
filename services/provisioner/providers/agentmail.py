"""AgentMail: inboxes and their own keys."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from services.provisioner.ports import Inbox, InboxKey, MailboxNotReady, MailLogin, Refused
from services.provisioner.providers.errors import TAKEN, changing, meaning_of, words_of
from shared.http.answers import an_object, cursor_after, items_of, told
from shared.http.errors import ProviderRefused, reading
from shared.http.provider import Provider

NAME = "The inbox provider"
COMMAND_SECONDS = 10.0
"""Somebody waits for the answer to a change."""
IMAP = ("imap.agentmail.to", 993)
SMTP = ("smtp.agentmail.to", 465)


class AgentMail:
    """The `Inboxes` port over AgentMail's API v0."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def create(self, *, username: str, domain: str, display_name: str | None, key: str) -> str:
        """Create an inbox and return its id; AgentMail gives a repeated `client_id` the same inbox.

        Raises:
            Refused: With the code `address_taken` if somebody has, or had, an inbox there.
        """
        body = {"username": username, "domain": domain, "client_id": key}
        if display_name is not None:
            body["display_name"] = display_name
        try:
            inbox = await self._provider.call("inboxes.create", "POST", "/v0/inboxes", json=body)
        except ProviderRefused as error:
            if words_of(error) & TAKEN:
                raise Refused("The address is taken at the inbox provider.", code="address_taken") from None
            raise meaning_of(error, NAME) from None
        return str(told(inbox, "inbox_id"))

    async def find(self, address: str) -> Inbox | None:
        """Return the inbox at an address."""
        with reading():
            try:
                found = await self._provider.call("inboxes.get", "GET", _inbox(address))
            except ProviderRefused as error:
                if error.status == 404:
                    return None
                raise
            return Inbox(str(told(found, "inbox_id")), found.get("client_id"))

    async def delete(self, inbox_id: str) -> None:
        """Delete an inbox with its keys and mail."""
        await self._remove("inboxes.delete", _inbox(inbox_id))

    async def rename(self, inbox_id: str, display_name: str | None) -> None:
        """Change an inbox's display name; AgentMail takes an empty one for none."""
        with changing(NAME):
            await self._provider.call(
                "inboxes.update",
                "PATCH",
                _inbox(inbox_id),
                json={"display_name": display_name or ""},
                read_seconds=COMMAND_SECONDS,
            )

    async def is_named(self, inbox_id: str, display_name: str | None) -> bool:
        """Look whether an inbox has this display name."""
        with reading():
            found = an_object(await self._provider.call("inboxes.get", "GET", _inbox(inbox_id)))
        return (found.get("display_name") or "") == (display_name or "")

    async def create_key(self, inbox_id: str, name: str) -> InboxKey:
        """Mint a key that can do everything in its inbox and nothing elsewhere.

        Raises:
            MailboxNotReady: The inbox is not seen yet; AgentMail needs a moment after it was made.
        """
        try:
            key = await self._provider.call(
                "api_keys.create", "POST", f"{_inbox(inbox_id)}/api-keys", json={"name": name}
            )
        except ProviderRefused as error:
            if error.status == 404:
                raise MailboxNotReady("The new inbox is not seen yet.") from None
            raise meaning_of(error, NAME) from None
        return InboxKey(str(told(key, "api_key_id")), str(told(key, "api_key")))

    async def keys_named(self, inbox_id: str, name: str) -> Sequence[str]:
        """Return the ids of an inbox's keys of that name."""
        ids: list[str] = []
        params = {"limit": "100"}
        while True:
            with reading():
                try:
                    page = await self._provider.call(
                        "api_keys.list", "GET", f"{_inbox(inbox_id)}/api-keys", params=params
                    )
                except ProviderRefused as error:
                    if error.status == 404:
                        return ids
                    raise
                keys = items_of(page, "api_keys")
                ids += [str(told(key, "api_key_id")) for key in keys if key.get("name") == name]
                cursor = cursor_after(page, "next_page_token", params.get("page_token"))
            if cursor is None:
                return ids
            params = {"limit": "100", "page_token": cursor}

    async def delete_key(self, inbox_id: str, key_id: str) -> None:
        """Revoke a key."""
        await self._remove("api_keys.delete", f"{_inbox(inbox_id)}/api-keys/{quote(key_id, safe='')}")

    def login(self, address: str, secret: str) -> MailLogin:
        """Return how a mail program uses a key: AgentMail takes it as the password of the address."""
        return MailLogin(address, secret, *IMAP, *SMTP)

    async def _remove(self, operation: str, path: str) -> None:
        with changing(NAME):
            try:
                await self._provider.call(operation, "DELETE", path)
            except ProviderRefused as error:
                if error.status != 404:
                    raise


def _inbox(inbox_id: str) -> str:
    return f"/v0/inboxes/{quote(inbox_id, safe='')}"
