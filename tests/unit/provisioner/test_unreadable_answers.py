"""A provider that answers with something else than documented: nobody knows what came of a change, a look-up is repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

import pytest

from services.provisioner.domain.dns_sync import ZonePolicy
from services.provisioner.providers.agentmail import AgentMail
from services.provisioner.providers.cloudflare import CloudflareZones
from services.provisioner.providers.instantly import Instantly
from shared.errors import Retryable, Unknown
from shared.http.provider import Provider
from tests.support.answering import Answering

BODIES: tuple[Any, ...] = (
    None,
    [],
    "ok",
    {},
    {"items": {}, "api_keys": 1},
    {"items": [None], "api_keys": ["k"]},
    {"items": [{}]},
)

CHANGES: tuple[Callable[[Provider], Awaitable[Any]], ...] = (
    lambda provider: AgentMail(provider).create(username="a", domain="b", display_name=None, key="k"),
    lambda provider: AgentMail(provider).create_key("inbox", "name"),
    lambda provider: Instantly(provider, "tag").create_tag("label"),
)
LOOK_UPS: tuple[Callable[[Provider], Awaitable[Any]], ...] = (
    lambda provider: AgentMail(provider).find("a@b.example"),
    lambda provider: AgentMail(provider).keys_named("inbox", "name"),
    lambda provider: Instantly(provider, "tag").find_tag("label"),
    lambda provider: Instantly(provider, "tag").tags_of("a@b.example"),
)
SHOWN: tuple[Callable[[Provider], Awaitable[Any]], ...] = (
    lambda provider: AgentMail(provider).is_named("inbox", None),
    lambda provider: Instantly(provider, "tag").is_signed("a@b.example", None),
)


@pytest.mark.parametrize("body", BODIES, ids=str)
@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_knows_what_came_of_a_change(
    change: Callable[[Provider], Awaitable[Any]], body: Any
) -> None:
    with pytest.raises(Unknown):
        await change(cast("Provider", Answering(body)))


@pytest.mark.parametrize(
    "body", [None, [], {}, {"result": [None]}, {"result": [{"status": "active", "type": "full"}]}], ids=str
)
async def test_a_zone_that_cannot_be_read_is_not_known(body: Any) -> None:
    zones = CloudflareZones(cast("Provider", Answering(body)), ZonePolicy("*"))
    with pytest.raises(Unknown):
        await zones.zone_of("b.example", UUID(int=1))
    with pytest.raises(Unknown):
        await zones.records("zone", "b.example")


@pytest.mark.parametrize(
    "look_up",
    [
        lambda provider: AgentMail(provider).keys_named("inbox", "name"),
        lambda provider: Instantly(provider, "tag").tags_of("a@b.example"),
    ],
)
async def test_a_listing_that_never_ends_is_not_followed_for_ever(
    look_up: Callable[[Provider], Awaitable[Any]],
) -> None:
    keys = {"api_keys": [{"name": "name", "api_key_id": "k"}], "next_page_token": "k"}
    tags = {"items": [{"label": "label", "id": "t"}] * 100, "next_starting_after": "t"}
    with pytest.raises(Retryable):
        await look_up(cast("Provider", Answering({**keys, **tags})))


class Echoing:
    """A provider whose last page is empty and tells the cursor that led to it."""

    async def call(self, *_: Any, params: dict[str, str], **__: Any) -> Any:
        tag = {"label": "label", "id": "t", "timestamp_created": "2026-03-01T00:00:00.000Z"}
        return {"items": [] if "starting_after" in params else [tag] * 100, "next_starting_after": "t"}


async def test_a_last_page_may_still_tell_a_cursor() -> None:
    assert await Instantly(cast("Provider", Echoing()), "tag").find_tag("label") == "t"


@pytest.mark.parametrize("body", BODIES, ids=str)
@pytest.mark.parametrize("look_up", LOOK_UPS)
async def test_a_look_up_is_worth_repeating(look_up: Callable[[Provider], Awaitable[Any]], body: Any) -> None:
    with pytest.raises(Retryable):
        await look_up(cast("Provider", Answering(body)))


@pytest.mark.parametrize("body", [None, [], "ok"], ids=str)
@pytest.mark.parametrize("look_up", SHOWN)
async def test_what_is_no_object_shows_nothing(
    look_up: Callable[[Provider], Awaitable[Any]], body: Any
) -> None:
    with pytest.raises(Retryable):
        await look_up(cast("Provider", Answering(body)))
