"""How MyAgentMail words the final answer of a request."""

from __future__ import annotations

from services.gateway.dialects.myagentmail.errors import SENTENCES, STATUS_OF_CODE, error_body
from services.gateway.dialects.myagentmail.render import DOMAINS, INBOXES, Json, domain_json, inbox_json
from services.gateway.dialects.wire import JSON, encode
from services.gateway.errors import ApiError
from services.gateway.mail_servers import MailServers
from services.gateway.requests.model import OpenRequest, RequestKind, Secrets, StoredResponse
from services.gateway.security.keys import KeyKind
from services.gateway.views import AccountView, DomainView, View
from services.gateway.views_threads import ThreadAnswerView
from shared.contracts.answers import Outcome, RequestAnswered

REMOVALS = frozenset({RequestKind.ACCOUNT_DELETE, RequestKind.DOMAIN_DELETE})

REVEALS = {RequestKind.ACCOUNT_CREATE: KeyKind.INBOX}
"""The requests whose answers show secrets, and the kind of key among them."""


def render_answer(
    servers: MailServers,
    request: OpenRequest,
    answer: RequestAnswered,
    view: View | None,
    secrets: Secrets | None = None,
) -> StoredResponse:
    """Return the response that every call waiting for this request gets."""
    if answer.outcome in {Outcome.REFUSED, Outcome.FAILED}:
        return _refusal(request, answer)
    if request.kind in REMOVALS:
        return _done(answer, {"deleted": True, "id": str(answer.subject_id)})
    if view is None or isinstance(view, ThreadAnswerView):
        gone = {"code": "not_found", "message": "What the request was about is gone."}
        return _refusal(request, answer.model_copy(update=gone))
    if isinstance(view, DomainView):
        is_new = request.kind is RequestKind.DOMAIN_CREATE and answer.outcome is Outcome.DONE
        place = f"{DOMAINS}/{view.domain.domain_id}" if is_new else None
        return _done(answer, domain_json(view), 201 if is_new else 200, place)
    return _about_inbox(servers, request, answer, view, secrets)


def _about_inbox(
    servers: MailServers,
    request: OpenRequest,
    answer: RequestAnswered,
    view: AccountView,
    secrets: Secrets | None,
) -> StoredResponse:
    account = view.account
    match request.kind:
        case RequestKind.ACCOUNT_CREATE if answer.outcome is Outcome.MATCHED:
            return _done(answer, {**inbox_json(account, servers), "existed": True})
        case RequestKind.ACCOUNT_CREATE:
            return _created(answer, view, servers, secrets)
        case RequestKind.ADDRESS_ADD:
            address = str(answer.details["address"])
            is_primary = address == (account.primary_alias or account.address)
            return _done(answer, {"ok": True, "address": address, "isPrimary": is_primary}, 201)
        case RequestKind.ADDRESS_REMOVE:
            return _done(answer, {"deleted": True, "address": answer.details["address"]})
        case _:
            return _done(answer, {"updated": True, "id": str(account.account_id)})


def _created(
    answer: RequestAnswered, view: AccountView, servers: MailServers, secrets: Secrets | None
) -> StoredResponse:
    """Return a new inbox with its secrets (S2-27); without them if the inbox is going again already."""
    account = view.account
    body = inbox_json(account, servers, secrets.credential if secrets else None)
    if secrets is not None:
        body |= {"apiKey": secrets.key.reveal(), "imapPassword": secrets.credential}
    place = f"{INBOXES}/{account.account_id}"
    return _done(answer, body, 201, place, is_secret=secrets is not None)


def _done(
    answer: RequestAnswered,
    body: Json,
    status: int = 200,
    place: str | None = None,
    *,
    is_secret: bool = False,
) -> StoredResponse:
    headers = {"Content-Type": JSON, **({"Location": place} if place else {})}
    return StoredResponse(status, headers, encode(body), is_secret=is_secret, subject_id=answer.subject_id)


def _refusal(request: OpenRequest, answer: RequestAnswered) -> StoredResponse:
    code = answer.code or "internal_error"
    status = STATUS_OF_CODE.get(code, 500)
    message = SENTENCES.get(code) or answer.message or "The request could not be done."
    address = answer.details.get("address")
    if code == "username_taken" and address:
        message = f"The address {address} is taken."
    return StoredResponse(
        status,
        {"Content-Type": JSON},
        error_body(ApiError(status, code, message), request.call_id),
        code=code,
        message=message,
        subject_id=answer.subject_id,
    )
