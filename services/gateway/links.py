"""Which operation leads to which: the links of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """An operation that goes on with what a response tells; values are runtime expressions of OpenAPI."""

    operation: str
    parameters: Mapping[str, str]


Links = dict[str, tuple[Link, ...]]
"""The links of an operation, by the status of its response."""


def _links(parameter: str, value: str, *names: str) -> tuple[Link, ...]:
    return tuple(Link(name, {parameter: value}) for name in names)


_ACCOUNT = (
    "getEmailAccount", "getEmailAccountHistory", "updateEmailAccount", "getAccountWarmup", "retryAccountWarmup", "pauseAccountWarmup",
    "resumeAccountWarmup", "disableAccountWarmup", "getSenderDetails", "deleteEmailAccount",
)  # fmt: skip
_DOMAIN = ("getEmailDomain", "verifyEmailDomain", "updateEmailDomain", "deleteEmailDomain")
_THREAD = (
    "getThread", "updateThread", "listThreadMessages", "sendThreadMessage", "uploadThreadAttachment", "eraseThread",
)  # fmt: skip
_INBOX = ("getInbox", "updateInbox", "addInboxAddress", "deleteInbox")
_WORKSPACE_DOMAIN = ("getWorkspaceDomain", "verifyWorkspaceDomain", "deleteWorkspaceDomain")
_WORKSPACE = ("getWorkspace", "createWorkspaceKey", "listWorkspaceKeys", "deleteWorkspace")
_MAILBOX = (
    "getMailbox", "updateMailbox", "suspendMailbox", "resumeMailbox", "createMailboxKey", "listMailboxKeys",
    "getMailboxFilters", "setMailboxFilters", "deleteMailbox",
)  # fmt: skip
_MAILBOX_DOMAIN = ("getDomain", "getDomainZoneFile", "verifyDomain", "deleteDomain")


def _all() -> Iterator[tuple[str, str, tuple[Link, ...]]]:
    for status in ("201", "202"):
        yield "createEmailAccount", status, _links("id", "$response.body#/account/id", *_ACCOUNT)
        yield "createThread", status, _links("id", "$response.body#/thread/id", *_THREAD)
        yield "createInbox", status, _links("id", "$response.body#/id", *_INBOX)
        mailbox = _links("public_id", "$response.body#/data/mailbox/id", *_MAILBOX)
        yield "createMailbox", status, mailbox
    for status in ("200", "201", "202"):
        yield "createEmailDomain", status, _links("id", "$response.body#/domain/id", *_DOMAIN)
        yield "createWorkspaceDomain", status, _links("id", "$response.body#/id", *_WORKSPACE_DOMAIN)
    for status in ("201", "202"):
        yield "createDomain", status, _links("public_id", "$response.body#/data/id", *_MAILBOX_DOMAIN)
    yield "createWorkspace", "201", _links("id", "$response.body#/id", *_WORKSPACE)
    key = {"id": "$request.path.id", "key_id": "$response.body#/id"}
    yield "createWorkspaceKey", "201", (Link("revokeWorkspaceKey", key),)
    mailbox_key = {
        "public_id": "$request.path.public_id",
        "key_id": "$response.body#/data/api_key/public_id",
    }
    yield "createMailboxKey", "201", (Link("deleteMailboxKey", mailbox_key),)


LINKS: dict[str, Links] = {}
for _operation, _status, _found in _all():
    LINKS.setdefault(_operation, {})[_status] = _found
