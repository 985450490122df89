"""The providers' ledger and objects read as accounts: which effect belongs to which account, what is left, what is strange."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from tests.support.evidence import Evidence

_OWN = re.compile(
    r"(?:mw-[a-z0-9-]{1,24}-|mailwright:)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:(?:[~:]|-alias-).+)?"
)
"""Inboxes at given names, those of further addresses and further keys are called so with something behind it."""
_SHARED = re.compile(r"mw-[a-z0-9-]{1,24}-warmup-[0-9a-f-]{36}")
_PAIRS = {
    "inbox.deleted": "inbox.created",
    "key.revoked": "key.created",
    "sender.deleted": "sender.created",
    "tag.deleted": "tag.created",
    "tag.unassigned": "tag.assigned",
}
_UNDO_ORDER = ("tag.deleted", "sender.deleted", "inbox.deleted")


def owner(label: str | None) -> UUID | None:
    """Return the account a key, a label or a name of ours was made for; None for shared ones and foreign ones."""
    if label is None or _SHARED.fullmatch(label):
        return None
    found = _OWN.fullmatch(label)
    return UUID(found[1]) if found else None


class Effects:
    """The effects of one run, by account. A sender belongs to the account that made the inbox at its address."""

    def __init__(self, evidence: Evidence) -> None:
        self._objects = evidence.objects
        self._at = {
            entry["subject"]: owner(entry["key"])
            for entry in evidence.ledger
            if entry["effect"] == "inbox.created"
        }
        self._of: dict[UUID, list[Mapping[str, Any]]] = {}
        for entry in evidence.ledger:
            account_id = owner(entry["key"]) or self._at.get(entry["subject"])
            if account_id is not None:
                self._of.setdefault(account_id, []).append(entry)

    def strangers(self, living: Mapping[UUID, str | None]) -> Iterator[str]:
        """Yield every live object without a living account, and every living account that lacks one (ids → addresses)."""
        agentmail, instantly = self._objects["agentmail"], self._objects["instantly"]
        inboxes = [(owner(each.get("client_id")), each["email"]) for each in agentmail["inboxes"]]
        keys = [(owner(each["name"]), each["inbox_id"]) for each in agentmail["keys"]]
        senders = [(self._at.get(each["email"]), each["email"]) for each in instantly["accounts"]]
        labels = {each["id"]: each["label"] for each in instantly["tags"]}
        own_tags = [(owner(label), label) for label in labels.values() if not _SHARED.fullmatch(label)]
        worn = [(labels.get(each["tag_id"], ""), each["resource_id"]) for each in instantly["mappings"]]
        own_worn = [(owner(label), address) for label, address in worn if not _SHARED.fullmatch(label)]
        shared_worn = [
            (self._at.get(address), address) for label, address in worn if _SHARED.fullmatch(label)
        ]
        for kind, found in {
            "inbox": inboxes,
            "key": keys,
            "sender": senders,
            "tag": own_tags,
            "assignment of its tag": own_worn,
            "assignment of the shared tag": shared_worn,
        }.items():
            yield from _unmatched(kind, found, living, has_address=kind != "tag")

    def left_of(self, account_id: UUID) -> Iterator[str]:
        """Yield what an account that failed or was deleted still has at the providers."""
        effects = [entry["effect"] for entry in self._of.get(account_id, ())]
        for undo, do in _PAIRS.items():
            left = effects.count(do) - effects.count(undo)
            if left:
                yield f"{do} less {undo} of the account {account_id}, which is gone, is {left}, not 0"

    def undone_out_of_order(self, account_id: UUID) -> Iterator[str]:
        """Yield where an account that failed or was deleted was not undone from its last effect to its first."""
        effects = [entry["effect"] for entry in self._of.get(account_id, ())]
        undone = [effect for effect in effects if effect in _UNDO_ORDER]
        if undone != sorted(undone, key=_UNDO_ORDER.index):
            yield f"the account {account_id} was undone in the order {', '.join(undone)}"

    def had_inbox(self, account_id: UUID) -> bool:
        """Return whether an inbox was ever made for an account."""
        return any(entry["effect"] == "inbox.created" for entry in self._of.get(account_id, ()))

    def undone_of_living(self, account_id: UUID) -> Iterator[str]:
        """Yield what was undone of an account that lives; only a key whose secret was lost may be revoked."""
        for entry in self._of.get(account_id, ()):
            if entry["effect"] in _PAIRS and entry["effect"] != "key.revoked":
                yield f"{entry['effect']} of {entry['subject']}, whose account {account_id} lives"


def _unmatched(
    kind: str, found: list[tuple[UUID | None, str]], living: Mapping[UUID, str | None], *, has_address: bool
) -> Iterator[str]:
    owners = [account_id for account_id, _ in found]
    for account_id, where in found:
        if account_id is None or account_id not in living:
            yield f"an orphan: the {kind} at {where} belongs to no living account"
        elif has_address and living[account_id] != where:
            yield f"the {kind} at {where} belongs to {account_id}, whose address is {living[account_id]}"
    for account_id, address in living.items():
        if owners.count(account_id) != 1:
            yield f"the account {account_id} ({address}) has {owners.count(account_id)} of: {kind}"
