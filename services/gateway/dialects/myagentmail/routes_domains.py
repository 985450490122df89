"""MyAgentMail's domain routes: `/v1/domains`."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.bodies import read_json, read_optional_json, shaped
from services.gateway.dialects.myagentmail import reads
from services.gateway.dialects.myagentmail.docs import documented
from services.gateway.dialects.myagentmail.parameters import DomainReader, DomainWriter, Id
from services.gateway.dialects.myagentmail.render import DOMAINS, domain_json
from services.gateway.dialects.myagentmail.responses import AgentDeleted, AgentDomain, AgentDomainList
from services.gateway.dialects.myagentmail.schemas import CreateDomain, Nothing
from services.gateway.dialects.myagentmail.subjects import answered, ask, ask_of_domain
from services.gateway.requests.model import RequestKind
from shared.contracts.domains import DomainDeletionRequested, DomainRequested, DomainVerificationRequested

router = APIRouter(prefix=DOMAINS, tags=["domains"])


@router.post(
    "",
    **documented(
        "createWorkspaceDomain",
        "Register a domain",
        scope="domains:write",
        keys="tk wk",
        body=CreateDomain,
        success={200: AgentDomain, 201: AgentDomain, 202: AgentDomain},
        errors=(404, 502),
        codes={409: ("domain_taken",)},
        waits=True,
    ),
)
async def create_domain(call: DomainWriter) -> Response:
    """Claim a domain for a workspace; the answer has the records it needs, or is the claim the workspace has already.

    They are published by themselves where this installation manages the zone.
    """
    wanted = shaped(CreateDomain, await read_json(call.http))
    workspace_id = await call.workspace_or_default(UUID(wanted.workspace_id) if wanted.workspace_id else None)
    data = DomainRequested(caller=call.caller, workspace_id=workspace_id, domain=wanted.domain)
    return await ask(
        call,
        RequestKind.DOMAIN_CREATE,
        call.edge.ids.new(),
        data,
        workspace_id=workspace_id,
        body=wanted.model_dump(),
    )


@router.get(
    "",
    **documented(
        "listWorkspaceDomains",
        "List domains",
        scope="domains:read",
        keys="tk wk",
        success={200: AgentDomainList},
    ),
)
async def list_domains(call: DomainReader) -> Response:
    """List domains, newest first."""
    return answered({"domains": [domain_json(view) for view in await reads.list_domains(call)]})


@router.get(
    "/{id}",
    **documented(
        "getWorkspaceDomain",
        "Read a domain",
        scope="domains:read",
        keys="tk wk",
        success={200: AgentDomain},
        errors=(404,),
    ),
)
async def get_domain(call: DomainReader, id: Id) -> Response:  # noqa: A002  the name in the path
    """Read one domain with the records it needs and what DNS was last seen to answer."""
    return answered(domain_json(await reads.find_domain(call, id)))


@router.post(
    "/{id}/verify",
    **documented(
        "verifyWorkspaceDomain",
        "Verify a domain",
        scope="domains:write",
        keys="tk wk",
        success={200: AgentDomain, 202: AgentDomain},
        errors=(404, 413, 415, 502),
        codes={400: ("invalid_json",), 409: ("domain_taken",)},
        waits=True,
    ),
)
async def verify_domain(call: DomainWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Check the domain's records now; repeat until `status` is `verified` or `failed`."""
    shaped(Nothing, await read_optional_json(call.http))
    data = DomainVerificationRequested(caller=call.caller)
    return await ask_of_domain(call, RequestKind.DOMAIN_VERIFY, id, data)


@router.delete(
    "/{id}",
    **documented(
        "deleteWorkspaceDomain",
        "Give up a domain",
        scope="domains:write",
        keys="tk wk",
        success={200: AgentDeleted, 202: AgentDomain},
        errors=(404, 502),
        codes={409: ("domain_in_use",)},
        waits=True,
    ),
)
async def delete_domain(call: DomainWriter, id: Id) -> Response:  # noqa: A002  the name in the path
    """Give up a domain; refused while there are inboxes or addresses at it."""
    data = DomainDeletionRequested(caller=call.caller, cascade=False)
    return await ask_of_domain(call, RequestKind.DOMAIN_DELETE, id, data)
