"""How Sendmux words the final answer of a request: once, the secrets of new credentials included."""

from __future__ import annotations

from typing import Any

from services.gateway.dialects.sendmux import ids
from services.gateway.dialects.sendmux.errors import conflict, envelope, error_body, owners_refusal
from services.gateway.dialects.sendmux.render import (
    DOMAINS,
    MAILBOXES,
    WITHOUT_CREDENTIALS,
    domain_json,
    key_secrets_json,
    login_json,
    mailbox_etag,
    mailbox_json,
    verification_json,
)
from services.gateway.dialects.wire import JSON
from services.gateway.errors import ApiError, not_found
from services.gateway.mail_servers import MailServers
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.security.keys import KeyKind
from services.gateway.views import AccountView, DomainView, View
from shared.contracts.answers import Outcome, RequestAnswered

Json = dict[str, Any]

REVEALS = {
    RequestKind.ACCOUNT_CREATE: KeyKind.MAILBOX,
    RequestKind.CREDENTIAL_CREATE: KeyKind.MAILBOX,
}
"""The requests whose answers show secrets."""

_REMOVED = {
    RequestKind.ACCOUNT_DELETE: ids.MAILBOX,
    RequestKind.CREDENTIAL_REVOKE: ids.KEY,
    RequestKind.DOMAIN_DELETE: ids.DOMAIN,
}
"""The requests that make something go away, and the form of its id."""


def render_answer(
    servers: MailServers,
    request: OpenRequest,
    answer: RequestAnswered,
    view: View | None,
    secrets: Secrets | None = None,
) -> StoredResponse:
    """Return the response that every call waiting for this request, and every replay of it, gets (S4-15, S4-43)."""
    if answer.outcome in {Outcome.REFUSED, Outcome.FAILED}:
        etag = mailbox_etag(view.account, view.account_version) if isinstance(view, AccountView) else None
        names_domain = request.kind in {RequestKind.DOMAIN_VERIFY, RequestKind.DOMAIN_DELETE}
        refusal = owners_refusal(answer.code, answer.message, names_domain=names_domain)
        return _refused(request, answer, refusal, etag)
    if request.kind in _REMOVED:
        return _removed(request, answer)
    match view:
        case AccountView():
            return _about_mailbox(servers, request, answer, view, secrets)
        case DomainView():
            return _about_domain(request, answer, view)
        case _:
            return _refused(request, answer, not_found("thing any more"))


def _about_mailbox(
    servers: MailServers,
    request: OpenRequest,
    answer: RequestAnswered,
    view: AccountView,
    secrets: Secrets | None,
) -> StoredResponse:
    login = login_json(view.account.address, servers, secrets) if secrets else None
    match request.kind:
        case RequestKind.ACCOUNT_CREATE:
            return _created(request, answer, view, secrets, login)
        case RequestKind.CREDENTIAL_CREATE:
            if secrets is None:
                return _refused(request, answer, not_found("key any more"))
            return _issued(request, answer, view, secrets, login)
        case _:
            headers = {"ETag": mailbox_etag(view.account, view.account_version)}
            return _done(request, answer, 200, mailbox_json(view.account), headers)


def _about_domain(request: OpenRequest, answer: RequestAnswered, view: DomainView) -> StoredResponse:
    if request.kind is RequestKind.DOMAIN_VERIFY:
        return _done(request, answer, 200, verification_json(view.domain))
    if answer.outcome is Outcome.MATCHED:
        return _refused(request, answer, conflict(f"The domain {view.domain.domain} is registered already."))
    place = f"{DOMAINS}/{ids.public_id(ids.DOMAIN, view.domain.domain_id)}"
    return _done(request, answer, 201, domain_json(view.domain, 0), {"Location": place})


def _created(
    request: OpenRequest,
    answer: RequestAnswered,
    view: AccountView,
    secrets: Secrets | None,
    login: Json | None,
) -> StoredResponse:
    account = view.account
    place = f"{MAILBOXES}/{ids.public_id(ids.MAILBOX, account.account_id)}"
    data = {
        "mailbox": mailbox_json(account),
        "api_key": key_secrets_json(secrets) if secrets else None,
        "imap_smtp_credentials": login,
        "warning": None if secrets else WITHOUT_CREDENTIALS,
    }
    return _done(request, answer, 201, data, {"Location": place}, is_secret=secrets is not None)


def _issued(
    request: OpenRequest,
    answer: RequestAnswered,
    view: AccountView,
    secrets: Secrets,
    login: Json | None,
) -> StoredResponse:
    mailbox = ids.public_id(ids.MAILBOX, view.account.account_id)
    place = f"{MAILBOXES}/{mailbox}/keys/{ids.public_id(ids.KEY, secrets.credential_id)}"
    data = {"api_key": key_secrets_json(secrets), "imap_smtp_credentials": login}
    return _done(request, answer, 201, data, {"Location": place}, is_secret=True)


def _removed(request: OpenRequest, answer: RequestAnswered) -> StoredResponse:
    gone = ids.public_id(_REMOVED[request.kind], request.credential_id or request.subject_id)
    return _done(request, answer, 200, {"deleted": True, "id": gone})


def _done(
    request: OpenRequest,
    answer: RequestAnswered,
    status: int,
    data: Any,
    headers: dict[str, str] | None = None,
    *,
    is_secret: bool = False,
) -> StoredResponse:
    # A replay carries the id of the call that made the request, as its body does.
    every = {"Content-Type": JSON, "X-Request-Id": request.call_id, **(headers or {})}
    body = envelope(data, request.call_id)
    return StoredResponse(status, every, body, is_secret=is_secret, subject_id=answer.subject_id)


def _refused(
    request: OpenRequest, answer: RequestAnswered, error: ApiError, etag: str | None = None
) -> StoredResponse:
    headers = {
        "Content-Type": JSON,
        "X-Request-Id": request.call_id,
        **error.headers,
        **({"ETag": etag} if etag and error.status == 409 else {}),
    }
    return StoredResponse(
        error.status,
        headers,
        error_body(error, request.call_id),
        code=error.code,
        message=str(error),
        subject_id=answer.subject_id,
    )
