"""Instantly warmup switches: accepted at once, true when their background job ends."""

from __future__ import annotations

from services.simulator.instantly import jobs
from services.simulator.instantly.errors import not_found, refusal
from services.simulator.instantly.fields import body_of, emails_of
from services.simulator.provider import ProviderRoute
from services.simulator.router import Route
from services.simulator.wire import Answer, Call, json_answer
from services.simulator.world import World, local_part_begins

_SHAPE = {
    "emails": "strings",
    "include_all_emails": "boolean",
    "excluded_emails": "strings",
    "filter": "object",
    "search": "string",
}


def enable(world: World, call: Call) -> Answer:
    """Queue the job that turns warmup on; one scripted address (`fail-warmup…`) refuses the whole batch."""
    emails = _chosen(world, call)
    refused = [email for email in emails if local_part_begins(email, "fail-warmup")]
    if refused:
        raise refusal(400, f"Warmup cannot be enabled for {refused[0]}")
    return json_answer(200, jobs.start(world, call, emails, enable=True))


def disable(world: World, call: Call) -> Answer:
    """Queue the job that turns warmup off."""
    return json_answer(200, jobs.start(world, call, _chosen(world, call), enable=False))


def _chosen(world: World, call: Call) -> list[str]:
    body = body_of(call, {}, _SHAPE)
    if body.get("include_all_emails"):
        excluded = {email.lower() for email in body.get("excluded_emails", [])}
        emails = [account["email"] for account in world.store.all("in.account")]
        return [
            email for email in emails if email not in excluded and body.get("search", "").lower() in email
        ]
    emails = emails_of(body)
    unknown = [email for email in emails if world.store.get("in.account", email) is None]
    if unknown and world.knobs.unknown_warmup_email == "404":
        raise not_found()
    return emails


ROUTES: tuple[ProviderRoute, ...] = (
    Route("POST", "/accounts/warmup/enable", "warmup.enable", enable),
    Route("POST", "/accounts/warmup/disable", "warmup.disable", disable),
)
