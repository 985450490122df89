"""Puffle's domain routes: `/api/email/domains`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.gateway.bodies import read_json, read_nothing, shaped
from services.gateway.dialects.puffle import reads
from services.gateway.dialects.puffle.docs import documented
from services.gateway.dialects.puffle.parameters import DomainReader, DomainWriter, Id, flag
from services.gateway.dialects.puffle.render import DOMAINS
from services.gateway.dialects.puffle.responses import DomainList, DomainResponse, Gone
from services.gateway.dialects.puffle.schemas import ChangeDomain, CreateDomain
from services.gateway.dialects.puffle.subjects import DOMAIN, answered, ask, ask_of_existing, show
from services.gateway.requests.model import RequestKind
from shared.contracts.domains import (
    DomainChangeRequested,
    DomainDeletionRequested,
    DomainRequested,
    DomainVerificationRequested,
)

router = APIRouter(prefix=DOMAINS, tags=["domains"])


def _flag(description: str) -> Any:
    return Query(description=description, json_schema_extra={"enum": ["true", "false"]})


@router.post(
    "",
    **documented(
        "createEmailDomain",
        "Register a domain",
        scope="domains:write",
        body=CreateDomain,
        success={200: DomainResponse, 201: DomainResponse, 202: DomainResponse},
        errors=(502,),
        codes={409: ("domain_taken",)},
        waits=True,
    ),
)
async def create_domain(call: DomainWriter) -> Response:
    """Claim a domain and publish its records, if its Cloudflare zone is one that the system manages.

    Answers 201 with the records the domain needs, or 200 if the workspace has claimed it already.
    """
    body = await read_json(call.http)
    wanted = shaped(CreateDomain, body)
    data = DomainRequested(caller=call.caller, workspace_id=call.workspace_id, domain=wanted.domain)
    return await ask(call, DOMAIN, RequestKind.DOMAIN_CREATE, call.edge.ids.new(), data, body=body)


@router.get(
    "",
    **documented(
        "listEmailDomains",
        "List domains",
        scope="domains:read",
        success={200: DomainList},
        errors=(400,),
        pages=True,
    ),
)
async def list_domains(
    call: DomainReader,
    skip_sync: Annotated[
        str,
        _flag(
            "Either way the list shows what the last check found: the service checks unverified domains by itself."
        ),
    ] = "false",
) -> Response:
    """List the workspace's domains, newest first."""
    flag("skip_sync", skip_sync)
    return answered(await reads.list_domains(call))


@router.get(
    "/{id}",
    **documented(
        "getEmailDomain",
        "Read a domain",
        scope="domains:read",
        success={200: DomainResponse},
        errors=(400, 404),
    ),
)
async def get_domain(call: DomainReader, domain_id: Id) -> Response:
    """Read one domain; it answers from the moment its claim was accepted."""
    return await show(call, DOMAIN, domain_id)


@router.post(
    "/{id}/verify",
    **documented(
        "verifyEmailDomain",
        "Verify a domain",
        scope="domains:write",
        success={200: DomainResponse, 202: DomainResponse},
        errors=(404, 413, 502),
        codes={400: ("invalid_json", "unknown_field"), 409: ("domain_taken",)},
        waits=True,
    ),
)
async def verify_domain(
    call: DomainWriter,
    domain_id: Id,
    poll: Annotated[
        str, _flag("`true` only reads how the domain stands; otherwise its records are checked now.")
    ] = "false",
) -> Response:
    """Check the domain's records now, or with `poll=true` only read what the last check found.

    Poll until `status` is `verified` or `failed`; only a `verified` domain carries accounts. Every record says what
    was found of it: `missing`, `invalid` with what was `seen` instead, or `valid`.
    """
    only_reads = flag("poll", poll)
    await read_nothing(call.http)
    if only_reads:
        return await show(call, DOMAIN, domain_id)
    data = DomainVerificationRequested(caller=call.caller)
    return await ask_of_existing(call, DOMAIN, RequestKind.DOMAIN_VERIFY, domain_id, data)


@router.patch(
    "/{id}",
    **documented(
        "updateEmailDomain",
        "Override the status of a domain",
        scope="domains:write",
        body=ChangeDomain,
        success={200: DomainResponse, 202: DomainResponse},
        errors=(404,),
        waits=True,
    ),
)
async def change_domain(call: DomainWriter, domain_id: Id) -> Response:
    """Set the status to `pending`, `verifying` or `failed`; the next check of the records may set it again.

    `verified` is refused: only a check of the records makes a domain that.
    """
    body = await read_json(call.http)
    data = DomainChangeRequested(caller=call.caller, status=shaped(ChangeDomain, body).status)
    return await ask_of_existing(call, DOMAIN, RequestKind.DOMAIN_CHANGE, domain_id, data, body=body)


@router.delete(
    "/{id}",
    **documented(
        "deleteEmailDomain",
        "Delete a domain with its accounts",
        scope="domains:write",
        success={200: Gone, 202: DomainResponse},
        errors=(404, 413),
        codes={400: ("invalid_json", "unknown_field")},
        waits=True,
    ),
)
async def delete_domain(call: DomainWriter, domain_id: Id) -> Response:
    """Delete every account of the domain, then the domain; the addresses stay blocked for ever.

    Answers 200 once all of it is confirmed gone, 202 when the wait is over before that: the domain reads as `deleting`
    until it answers 404. There is no way back, but the domain may be claimed again.
    """
    await read_nothing(call.http)
    data = DomainDeletionRequested(caller=call.caller, cascade=True)
    return await ask_of_existing(call, DOMAIN, RequestKind.DOMAIN_DELETE, domain_id, data)
