"""What the OpenAPI document says about the parameters of thread lists."""

from __future__ import annotations

from typing import Any

from services.gateway.dialects.puffle.filters_threads import (
    CHANNELS,
    INBOX_STATES,
    LONGEST_SEARCH,
    STATUSES,
    VIEWS,
)
from services.gateway.dialects.puffle.reads_threads import LAST_PAGE, THREADS_PAGE
from services.gateway.dialects.puffle.schemas import ID_PATTERN, NO_CONTROLS
from services.gateway.texts import LONGEST_ADDRESS

Parameter = dict[str, Any]


def page_parameters(usual: int, most: int) -> tuple[Parameter, ...]:
    """Return the parameters that choose a page of a list."""
    return (
        _query("page", {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}, "From 1 on."),
        _query(
            "limit", {"type": "integer", "minimum": 1, "maximum": most, "default": usual}, "How many to show."
        ),
    )


def _query(name: str, schema: Parameter, description: str) -> Parameter:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _words(name: str, words: tuple[str, ...], description: str) -> Parameter:
    one = "|".join(words)
    schema = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    return _query(name, schema, f"{description} A comma-separated list of {', '.join(words)}.")


def _id(name: str, description: str) -> Parameter:
    return _query(name, {"type": "string", "format": "uuid", "pattern": ID_PATTERN}, description)


def _flag(name: str, description: str) -> Parameter:
    return _query(name, {"type": "string", "enum": ["true", "false"]}, description)


def _text(name: str, longest: int, description: str) -> Parameter:
    schema = {"type": "string", "maxLength": longest, "pattern": f"^[^{NO_CONTROLS}]*$"}
    return _query(name, schema, description)


LIST_PARAMETERS: tuple[Parameter, ...] = (
    _words("view", tuple(VIEWS), "What the inbox shows."),
    _words("inbox_state", INBOX_STATES, "What a thread is to whoever works through the inbox."),
    _words("status", STATUSES, "Where a thread is in its life."),
    _flag("unread", "Whether something arrived that nobody has read."),
    _flag("bounced", "Whether a message came back or was called spam."),
    _words("channel", CHANNELS, "What carries the thread."),
    _id("sender_id", "The sender's account."),
    _id("account_id", "The same."),
    _id("campaign_id", "No thread belongs to a campaign."),
    _text("participant_email", LONGEST_ADDRESS, "The recipient; capitals make no difference."),
    _flag(
        "correspondence",
        "`true`, with `participant_email`: all threads with this participant, as `existing_threads` shows them.",
    ),
    _id("exclude_thread_id", "A thread to leave out."),
    _text("search", LONGEST_SEARCH, "Part of the participant's name or address, of a subject or of a text."),
    _words("include", ("filter_options",), "Adds the values to filter by."),
    *page_parameters(*THREADS_PAGE),
)
