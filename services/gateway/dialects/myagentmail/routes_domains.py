"""MyAgentMail's domain routes: `/v1/domains`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from services.gateway.bodies import read_json, read_nothing, shaped
from services.gateway.calls import Call, allowed
from services.gateway.dialects.myagentmail import reads
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.errors import encode
from services.gateway.dialects.myagentmail.render import JSON, domain_json
from services.gateway.dialects.myagentmail.responses import Deleted, Domain, DomainList
from services.gateway.dialects.myagentmail.schemas import CreateDomain
from services.gateway.requests.model import RequestKind
from shared.contracts.domains import DomainDeletionRequested, DomainRequested, DomainVerificationRequested
from shared.contracts.requests import Dialect

PATH = "/v1/domains"
router = APIRouter(prefix=PATH, tags=["domains"])

Reader = Annotated[Call, Depends(allowed("domains:read", Dialect.MYAGENTMAIL))]
Writer = Annotated[Call, Depends(allowed("domains:write", Dialect.MYAGENTMAIL))]
Id = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


@router.post(
    "",
    **documented(
        "createDomain",
        "Register a domain",
        keys="tk wk",
        body=CreateDomain,
        success={200: Domain, 201: Domain, 202: Domain},
        errors=(404, 502),
        codes={409: ("domain_taken",)},
        waits=True,
    ),
)
async def create_domain(call: Writer) -> Response:
    """Claim a domain for a workspace; the answer has the records it needs, or is the claim the workspace has already.

    They are published by themselves where this installation manages the zone.
    """
    wanted = shaped(CreateDomain, await read_json(call.http))
    workspace_id = await call.workspace_or_default(UUID(wanted.workspace_id) if wanted.workspace_id else None)
    data = DomainRequested(caller=call.caller, workspace_id=workspace_id, domain=wanted.domain)
    asked = await call.ask(
        RequestKind.DOMAIN_CREATE,
        call.edge.ids.new(),
        data,
        body=wanted.model_dump(),
        workspace_id=workspace_id,
    )
    return await call.respond(asked, otherwise=lambda: _as_it_stands(call, asked.subject_id))


@router.get("", **documented("listDomains", "List domains", keys="tk wk", success={200: DomainList}))
async def list_domains(call: Reader) -> Response:
    """List domains, newest first."""
    return _json({"domains": [domain_json(view) for view in await reads.list_domains(call)]})


@router.get(
    "/{id}", **documented("getDomain", "Read a domain", keys="tk wk", success={200: Domain}, errors=(404,))
)
async def get_domain(call: Reader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read one domain with the records it needs and what DNS was last seen to answer."""
    return _json(await reads.find_domain(call, reads.parse_id(id, "domain")))


@router.post(
    "/{id}/verify",
    **documented(
        "verifyDomain",
        "Verify a domain",
        keys="tk wk",
        success={200: Domain, 202: Domain},
        errors=(400, 404, 413, 502),
        codes={409: ("domain_taken",)},
        waits=True,
    ),
)
async def verify_domain(call: Writer, id: Id) -> Response:  # noqa: A002  the name in the path
    """Check the domain's records now; repeat until `status` is `verified` or `failed`."""
    domain_id = reads.parse_id(id, "domain")
    await read_nothing(call.http)
    view = await reads.made_domain(call, domain_id)
    asked = await call.ask(
        RequestKind.DOMAIN_VERIFY,
        domain_id,
        DomainVerificationRequested(caller=call.caller),
        workspace_id=view.domain.workspace_id,
    )
    return await call.respond(asked, otherwise=lambda: _as_it_stands(call, domain_id))


@router.delete(
    "/{id}",
    **documented(
        "deleteDomain",
        "Give up a domain",
        keys="tk wk",
        success={200: Deleted, 202: Domain},
        errors=(404, 502),
        codes={409: ("domain_in_use",)},
        waits=True,
    ),
)
async def delete_domain(call: Writer, id: Id) -> Response:  # noqa: A002  the name in the path
    """Give up a domain; refused while there are inboxes or addresses at it."""
    domain_id = reads.parse_id(id, "domain")
    view = await reads.made_domain(call, domain_id)
    asked = await call.ask(
        RequestKind.DOMAIN_DELETE,
        domain_id,
        DomainDeletionRequested(caller=call.caller, cascade=False),
        workspace_id=view.domain.workspace_id,
    )
    return await call.respond(asked, otherwise=lambda: _as_it_stands(call, domain_id))


async def _as_it_stands(call: Call, domain_id: UUID) -> Response:
    response = _json(await reads.find_domain(call, domain_id))
    response.status_code = 202
    response.headers["Location"] = f"{PATH}/{domain_id}"
    return response


def _json(body: Any) -> Response:
    return Response(encode(body), media_type=JSON)
