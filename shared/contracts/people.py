"""Which values in the events of a thread name people, and what is left of those events once the thread is erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMING: Mapping[str, str | None] = {
    "participant_email": None,
    "participant_name": None,
    "from_email": "",
    "to_email": "",
    "address": "",
}
"""The fields of a thread's requests, facts and answers that say who somebody is, each with what stands there afterwards.

A suppression's address is kept on purpose; its facts are not about a thread.
"""


def without_people(data: Any) -> Any:
    """Return an event's data, as JSON, in which nobody is named; it still is what its model describes."""
    match data:
        case dict():
            return {
                name: NAMING[name] if value and name in NAMING else without_people(value)
                for name, value in data.items()
            }
        case list():
            return [without_people(each) for each in data]
        case _:
            return data
