"""AgentMail: its routes and how the pipeline meets it."""

from services.simulator.agentmail import (
    domains,
    drafts,
    inboxes,
    keys,
    messages,
    organization,
    threads,
    webhooks,
)
from services.simulator.agentmail.access import authenticate, subjects
from services.simulator.agentmail.errors import error
from services.simulator.provider import Provider
from services.simulator.wire import Call
from services.simulator.world import local_part_begins

_SLOW_INBOX_SECONDS = 2.0


def _delay(call: Call) -> float:
    scripted = call.operation == "inboxes.create" and any(
        local_part_begins(one, "slow-inbox") for one in call.subjects
    )
    return _SLOW_INBOX_SECONDS if scripted else 0.0


PROVIDER = Provider(
    name="agentmail",
    prefix="/agentmail/v0",
    routes=(
        *organization.ROUTES,
        *inboxes.ROUTES,
        *keys.ROUTES,
        *domains.ROUTES,
        *messages.ROUTES,
        *drafts.ROUTES,
        *threads.ROUTES,
        *webhooks.ROUTES,
    ),
    authenticate=authenticate,
    error=error,
    accepts=lambda _: None,
    subjects=subjects,
    delay=_delay,
)
