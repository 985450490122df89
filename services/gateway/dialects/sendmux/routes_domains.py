"""Sendmux's domain routes: `/api/v1/domains`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.calls import Call
from services.gateway.dialects.sendmux import ids, reads
from services.gateway.dialects.sendmux.bodies import read_fields, read_no_fields
from services.gateway.dialects.sendmux.conditions import shown
from services.gateway.dialects.sendmux.docs import PAGE, documented
from services.gateway.dialects.sendmux.errors import conflict, envelope
from services.gateway.dialects.sendmux.parameters import (
    DomainCreator,
    DomainId,
    DomainReader,
    DomainRemover,
    DomainVerifier,
    own_domain_id,
)
from services.gateway.dialects.sendmux.render import DOMAINS, etag, verification_json
from services.gateway.dialects.sendmux.responses import (
    DomainVerification,
    Envelope,
    Listed,
    MailboxDomain,
    Removed,
)
from services.gateway.dialects.sendmux.schemas import CreateDomain
from services.gateway.dialects.sendmux.zone import zone_file
from services.gateway.dialects.wire import JSON
from services.gateway.requests.model import RequestKind
from shared.contracts.domains import DomainDeletionRequested, DomainRequested, DomainVerificationRequested

router = APIRouter(prefix=DOMAINS, tags=["mailbox domains"])


@router.post(
    "",
    **documented(
        "createDomain",
        "Register a domain",
        scope="domain.create",
        body=CreateDomain,
        success={201: Envelope[MailboxDomain], 202: Envelope[MailboxDomain]},
        errors=(409, 503),
        asks=True,
    ),
)
async def create_domain(call: DomainCreator) -> Response:
    """Register a domain and get the records to publish; `verifyDomain` checks them.

    Where the DNS zone is one that the system manages, the records are published at once. A domain that the team has
    registered already, or that another team has verified, answers 409.
    """
    wanted, body = await read_fields(call.http, CreateDomain)
    data = DomainRequested(caller=call.caller, workspace_id=call.workspace_id, domain=wanted.domain)
    asked = await call.ask(RequestKind.DOMAIN_CREATE, call.edge.ids.new(), data, body=body)

    async def as_it_stands() -> Response:
        domain = await reads.find_domain(call, asked.subject_id)
        return _accepted(call, ids.public_id(ids.DOMAIN, asked.subject_id), domain.shown)

    return await call.respond(asked, otherwise=as_it_stands)


@router.get(
    "",
    **documented(
        "listDomains",
        "List domains",
        scope="domain.read",
        success={200: Listed[MailboxDomain]},
        errors=(400,),
        parameters=PAGE,
    ),
)
async def list_domains(call: DomainReader) -> Response:
    """List the team's domains, newest first."""
    domains, next_cursor = await reads.list_domains(call)
    return Response(envelope(domains, call.id, pagination=reads.pagination(next_cursor)), media_type=JSON)


@router.get(
    "/{public_id}",
    **documented(
        "getDomain",
        "Read a domain",
        scope="domain.read",
        success={200: Envelope[MailboxDomain]},
        errors=(400, 404),
        has_etag=True,
    ),
)
async def get_domain(call: DomainReader, public_id: DomainId) -> Response:
    """Read one domain with the records it needs; it answers from the moment its registration was accepted."""
    domain = await reads.find_domain(call, own_domain_id(public_id))
    return shown(call, domain.shown, etag(domain.shown))


@router.get(
    "/{public_id}/zone-file",
    **documented(
        "getDomainZoneFile",
        "Read a domain's records as a zone file",
        scope="domain.read",
        success={},
        errors=(404,),
        text="The records to publish, as BIND reads them.",
    ),
)
async def get_zone_file(call: DomainReader, public_id: DomainId) -> Response:
    """Read the records a domain needs in the form that DNS servers and providers import."""
    domain = await reads.find_domain(call, own_domain_id(public_id))
    state = domain.state
    headers = {"Content-Disposition": f'attachment; filename="{state.domain}.zone"'}
    return Response(zone_file(state.domain, state.dns_records), 200, headers, "text/plain; charset=utf-8")


@router.post(
    "/{public_id}/verify",
    **documented(
        "verifyDomain",
        "Verify a domain",
        scope="domain.verify",
        success={200: Envelope[DomainVerification], 202: Envelope[DomainVerification]},
        errors=(400, 404, 409, 422, 503),
        asks=True,
    ),
)
async def verify_domain(call: DomainVerifier, public_id: DomainId) -> Response:
    """Look the domain's records up in public DNS now, and say of each kind whether it is as it should be.

    A domain is `verified` once its ownership record is seen and the mail platform has accepted the others. Records
    that were published a moment ago need a while to be seen: call it again, or read the domain.
    """
    own = own_domain_id(public_id)
    await read_no_fields(call.http)
    domain = await reads.find_domain(call, own)

    async def is_registered() -> None:
        if domain.version == 0:
            raise conflict("The domain is still being registered.")

    asked = await call.ask(
        RequestKind.DOMAIN_VERIFY,
        own,
        DomainVerificationRequested(caller=call.caller),
        guard=is_registered,
        workspace_id=domain.state.workspace_id,
    )

    async def as_it_stands() -> Response:
        now = await reads.find_domain(call, own)
        return _accepted(call, public_id, verification_json(now.state))

    return await call.respond(asked, otherwise=as_it_stands)


@router.delete(
    "/{public_id}",
    **documented(
        "deleteDomain",
        "Delete a domain",
        scope="domain.delete",
        success={200: Envelope[Removed], 202: Envelope[Removed]},
        errors=(404, 409, 503),
    ),
)
async def delete_domain(call: DomainRemover, public_id: DomainId) -> Response:
    """Give a domain up; while there are mailboxes on it, it answers 409: delete them first."""
    own = own_domain_id(public_id)
    domain = await reads.find_domain(call, own)
    asked = await call.ask(
        RequestKind.DOMAIN_DELETE,
        own,
        DomainDeletionRequested(caller=call.caller, cascade=False),
        workspace_id=domain.state.workspace_id,
    )

    async def as_it_stands() -> Response:
        return _accepted(call, public_id, {"deleted": False, "id": public_id})

    return await call.respond(asked, otherwise=as_it_stands)


def _accepted(call: Call, public_id: str, data: object) -> Response:
    return Response(envelope(data, call.id), 202, {"Location": f"{DOMAINS}/{public_id}"}, JSON)
