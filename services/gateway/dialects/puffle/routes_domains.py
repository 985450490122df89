"""Puffle's domain routes: `/api/email/domains`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from services.gateway.bodies import read_json, read_nothing, shaped
from services.gateway.calls import Call, allowed
from services.gateway.dialects.puffle import reads
from services.gateway.dialects.puffle.docs import documented, id_parameter
from services.gateway.dialects.puffle.errors import encode
from services.gateway.dialects.puffle.render import JSON
from services.gateway.dialects.puffle.responses import DomainList, DomainResponse
from services.gateway.dialects.puffle.schemas import CreateDomain
from services.gateway.errors import invalid
from services.gateway.requests.model import RequestKind
from shared.contracts.domains import DomainRequested, DomainVerificationRequested
from shared.contracts.requests import Dialect

PATH = "/api/email/domains"
router = APIRouter(prefix=PATH, tags=["domains"])

Reader = Annotated[Call, Depends(allowed("domains:read", Dialect.PUFFLE))]
Writer = Annotated[Call, Depends(allowed("domains:write", Dialect.PUFFLE))]
Id = Annotated[str, Path(json_schema_extra=id_parameter())]


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
async def create_domain(call: Writer) -> Response:
    """Claim a domain and publish its records, if its Cloudflare zone is one that the system manages.

    Answers 201 with the records the domain needs, or 200 if the workspace has claimed it already.
    """
    body = await read_json(call.http)
    wanted = shaped(CreateDomain, body)
    data = DomainRequested(caller=call.caller, workspace_id=call.workspace_id, domain=wanted.domain)
    asked = await call.ask(RequestKind.DOMAIN_CREATE, call.edge.ids.new(), data, body=body)
    return await call.respond(asked, otherwise=lambda: _as_it_stands(call, asked.subject_id))


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
async def list_domains(call: Reader) -> Response:
    """List the workspace's domains, newest first."""
    return Response(encode(await reads.list_domains(call)), media_type=JSON)


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
async def get_domain(call: Reader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read one domain; it answers from the moment its claim was accepted."""
    return _shown(await reads.find_domain(call, reads.parse_id(id)))


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
    call: Writer,
    id: Id,  # noqa: A002  the name in the path
    poll: Annotated[
        str,
        Query(
            description="`true` only reads how the domain stands; otherwise its records are checked now.",
            json_schema_extra={"enum": ["true", "false"]},
        ),
    ] = "false",
) -> Response:
    """Check the domain's records now, or with `poll=true` only read what the last check found.

    Poll until `status` is `verified` or `failed`; only a `verified` domain carries accounts.
    """
    domain_id = reads.parse_id(id)
    if poll not in {"true", "false"}:
        raise invalid("The parameter poll must be true or false.")
    await read_nothing(call.http)
    if poll == "true":
        return _shown(await reads.find_domain(call, domain_id))

    async def exists() -> None:
        await reads.find_domain(call, domain_id)

    data = DomainVerificationRequested(caller=call.caller)
    asked = await call.ask(RequestKind.DOMAIN_VERIFY, domain_id, data, guard=exists)
    return await call.respond(asked, otherwise=lambda: _as_it_stands(call, domain_id))


async def _as_it_stands(call: Call, domain_id: UUID) -> Response:
    response = _shown(await reads.find_domain(call, domain_id))
    response.status_code = 202
    response.headers["Location"] = f"{PATH}/{domain_id}"
    return response


def _shown(domain: dict[str, Any]) -> Response:
    return Response(encode({"domain": domain}), media_type=JSON)
