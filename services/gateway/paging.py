"""Places in lists, as text that clients hand back to go on."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from shared.errors import MailwrightError


class BadCursor(MailwrightError):
    """A list was asked to go on from a place that this service did not hand out."""

    code = "invalid_request"


def cursor_of(at: datetime, last: UUID) -> str:
    """Return the place after an item, as clients hand it back."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}/{last}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """Return the place that a cursor names; None and None are the beginning.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    if cursor is None:
        return None, None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, _, last = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition("/")
        place = datetime.fromisoformat(at)
        if place.tzinfo is None:
            raise ValueError("a place in a list has a zone")
        return place, UUID(last)
    except (ValueError, binascii.Error) as error:
        raise BadCursor("The cursor is not one that a list handed out.") from error
