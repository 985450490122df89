"""Instantly: accounts, which we call senders, and their tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from services.provisioner.ports import MailboxNotReady, MailLogin, Refused, TagGone
from services.provisioner.providers.errors import changing, meaning_of
from shared.errors import MailwrightError, Retryable
from shared.http.answers import an_object, cursor_after, items_of, told
from shared.http.errors import ProviderRefused, reading
from shared.http.provider import Provider

NAME = "The warmup provider"
LOGIN_SECONDS = 60.0
COMMAND_SECONDS = 10.0
"""Somebody waits for the answer to a change."""
CUSTOM_MAILBOX = 1
ACCOUNTS = 1
PAGE = 100


class Instantly:
    """The `Senders` port over Instantly's API v2, which has no idempotency keys: repeats are told from first calls by looking."""

    def __init__(self, provider: Provider, warmup_tag: str) -> None:
        """`warmup_tag` is put into every mail that warmup exchanges, so that it can be told from correspondence."""
        self._provider = provider
        self._warmup_tag = warmup_tag

    async def add(
        self, address: str, login: MailLogin, *, first_name: str, last_name: str, daily_limit: int
    ) -> None:
        """Register an address; Instantly logs in to the mailbox meanwhile, which takes up to a minute.

        Raises:
            MailboxNotReady: The login failed, as it often does on a new mailbox.
        """
        body = {
            "email": address,
            "first_name": first_name,
            "last_name": last_name,
            "provider_code": CUSTOM_MAILBOX,
            "imap_username": login.username,
            "imap_password": login.password,
            "imap_host": login.imap_host,
            "imap_port": login.imap_port,
            "smtp_username": login.username,
            "smtp_password": login.password,
            "smtp_host": login.smtp_host,
            "smtp_port": login.smtp_port,
            "daily_limit": daily_limit,
            "warmup_custom_ftag": self._warmup_tag,
        }
        try:
            await self._provider.call(
                "accounts.create", "POST", "/accounts", json=body, read_seconds=LOGIN_SECONDS
            )
        except ProviderRefused as error:
            if "already" not in _message(error) or not await self.exists(address):
                raise _why_not_added(error) from None

    async def exists(self, address: str) -> bool:
        """Return whether the address is registered in our workspace."""
        with reading():
            try:
                await self._provider.call("accounts.get", "GET", _account(address))
            except ProviderRefused as error:
                if error.status == 404:
                    return False
                raise
        return True

    async def remove(self, address: str) -> None:
        """Remove an address; its warmup and its tags go with it."""
        await self._unless_gone("accounts.delete", "DELETE", _account(address))

    async def sign(self, address: str, signature: str | None) -> None:
        """Change a sender's signature; while a warmup job runs over it, Instantly refuses for the moment."""
        body = {"signature": _html(signature)}
        try:
            await self._provider.call(
                "accounts.patch", "PATCH", _account(address), json=body, read_seconds=COMMAND_SECONDS
            )
        except ProviderRefused as error:
            if error.status == 409:
                raise Retryable(f"{NAME} is at work on the sender.", code="provider_busy") from None
            raise meaning_of(error, NAME) from None

    async def is_signed(self, address: str, signature: str | None) -> bool:
        """Look whether a sender has this signature."""
        with reading():
            found = an_object(await self._provider.call("accounts.get", "GET", _account(address)))
        return (found.get("signature") or "").strip() == _html(signature).strip()

    async def find_tag(self, label: str) -> str | None:
        """Return the id of the tag with exactly this label; Instantly's search also finds longer ones."""
        tags = await self._pages("tags.list", "/custom-tags", {"search": label})
        with reading():
            same = [tag for tag in tags if str(told(tag, "label")).strip() == label]
            oldest = min(same, key=lambda tag: str(told(tag, "timestamp_created")), default=None)
            return None if oldest is None else str(told(oldest, "id"))

    async def create_tag(self, label: str) -> str:
        """Create a tag; one that exists already answers 409 and is found."""
        try:
            tag = await self._provider.call("tags.create", "POST", "/custom-tags", json={"label": label})
        except ProviderRefused as error:
            found = await self.find_tag(label) if error.status == 409 else None
            if found is None:
                raise meaning_of(error, NAME) from None
            return found
        return str(told(tag, "id"))

    async def delete_tag(self, tag_id: str) -> None:
        """Delete a tag; it comes off every sender."""
        await self._unless_gone("tags.delete", "DELETE", f"/custom-tags/{quote(tag_id, safe='')}")

    async def assign_tags(self, address: str, tag_ids: Collection[str]) -> None:
        """Put tags on a sender; despite its name the call sets a state, so that a repeat changes nothing.

        Raises:
            TagGone: One of the tags, or the sender, does not exist.
        """
        try:
            await self._toggle("tags.assign", address, tag_ids, assign=True)
        except ProviderRefused as error:
            if error.status == 404:
                raise TagGone(f"{NAME} does not know the tag or the sender.") from None
            raise meaning_of(error, NAME) from None

    async def unassign_tags(self, address: str, tag_ids: Collection[str]) -> None:
        """Take tags off a sender."""
        with changing(NAME):
            try:
                await self._toggle("tags.unassign", address, tag_ids, assign=False)
            except ProviderRefused as error:
                if error.status != 404:
                    raise

    async def tags_of(self, address: str) -> Collection[str]:
        """Return the ids of the tags a sender wears."""
        mappings = await self._pages("tags.mappings", "/custom-tag-mappings", {"resource_ids": address})
        with reading():
            return {str(told(mapping, "tag_id")) for mapping in mappings}

    async def _toggle(self, operation: str, address: str, tag_ids: Collection[str], *, assign: bool) -> None:
        body = {
            "tag_ids": list(tag_ids),
            "resource_type": ACCOUNTS,
            "resource_ids": [address],
            "assign": assign,
        }
        await self._provider.call(operation, "POST", "/custom-tags/toggle-resource", json=body)

    async def _pages(self, operation: str, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return all pages; the last one may still carry a cursor, so only an empty page is the end."""
        items: list[dict[str, Any]] = []
        params = {**params, "limit": str(PAGE)}
        while True:
            with reading():
                page = await self._provider.call(operation, "GET", path, params=params)
                found = items_of(page, "items")
                items += found
                if len(found) < PAGE:
                    return items
                cursor = cursor_after(page, "next_starting_after", params.get("starting_after"))
            if cursor is None:
                return items
            params = {**params, "starting_after": cursor}

    async def _unless_gone(self, operation: str, method: str, path: str) -> None:
        with changing(NAME):
            try:
                await self._provider.call(operation, method, path)
            except ProviderRefused as error:
                if error.status != 404:
                    raise


def _html(signature: str | None) -> str:
    """Return a signature as Instantly keeps it; it cannot be taken away, so an empty one is a single space."""
    return "<br>".join((signature or "").splitlines()) or " "


def _why_not_added(error: ProviderRefused) -> MailwrightError:
    message = _message(error)
    if error.status == 400 and ("imap" in message or "smtp" in message) and "fail" in message:
        return MailboxNotReady("The warmup provider could not log in to the inbox yet.")
    if "already" in message:
        return Refused("The address is registered in somebody else's workspace at the warmup provider.")
    return meaning_of(error, NAME)


def _message(error: ProviderRefused) -> str:
    return str(error.body.get("message", "")).lower()


def _account(address: str) -> str:
    return f"/accounts/{quote(address, safe='')}"
