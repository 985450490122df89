"""Reading what a provider answered: an answer of another shape than documented says nothing, not even that it failed."""

from __future__ import annotations

from typing import Any

from shared.errors import Unknown


def an_object(answer: Any) -> dict[str, Any]:
    """Return an answer that is to be an object.

    Raises:
        Unknown: It is something else.
    """
    if not isinstance(answer, dict):
        raise Unknown("The provider answered with something that cannot be read.")
    return answer


def told(answer: Any, name: str) -> Any:
    """Return what an answer says under a name.

    Raises:
        Unknown: It says nothing there.
    """
    value = an_object(answer).get(name)
    if value is None:
        raise Unknown(f"The provider's answer lacks {name}.")
    return value


def items_of(page: Any, name: str) -> list[dict[str, Any]]:
    """Return the items of a page of a listing.

    Raises:
        Unknown: It is no page.
    """
    items = told(page, name)
    if not isinstance(items, list):
        raise Unknown(f"The provider's {name} are no list.")
    return [an_object(item) for item in items]


def cursor_after(page: Any, name: str, asked: str | None) -> str | None:
    """Return where the listing goes on after a page that was `asked` for by a cursor; None if it was the last.

    Raises:
        Unknown: It goes on where it was: to follow it would never end.
    """
    cursor = an_object(page).get(name)
    if not cursor:
        return None
    if str(cursor) == asked:
        raise Unknown(f"The provider's listing goes on with the {name} that led to it.")
    return str(cursor)
