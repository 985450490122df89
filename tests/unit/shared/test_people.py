"""The people that events of threads name: every text field is either one of theirs or known to be nobody's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from shared.contracts import threads
from shared.contracts.answers import ThreadRequestAnswered
from shared.contracts.envelope import Event, Model
from shared.contracts.people import NAMING, without_people
from shared.contracts.threads import ProviderEventReported, SuppressionFact, SuppressionRemovalRequested

EXAMPLES = Path(__file__).parents[3] / "shared/contracts/examples"
NOBODYS = {
    "key_id", "changed", "draft_changed", "seen", "reason", "code", "message", "needs", "details",
    "provider_message_id", "in_reply_to",
}  # fmt: skip
"""Text that names nobody: keys, codes, sentences of ours, and the ids that mail has in the world."""
APART = (ProviderEventReported, SuppressionFact, SuppressionRemovalRequested)
"""They are about an inbox of ours, or about an address that is kept so that no mail goes to it."""
OWN: tuple[type[Event], ...] = (*threads.EVENTS, ThreadRequestAnswered)
OF_THREADS: list[type[Event]] = [each for each in OWN if not issubclass(each, APART)]


def texts(kind: Any) -> Iterator[str]:
    """The fields of a model, and of the models in it, that may hold any text."""
    for name, field in kind.model_fields.items():
        parts = [field.annotation, *get_args(field.annotation)]
        for part in parts:
            if isinstance(part, type) and issubclass(part, Model):
                yield from texts(part)
        if any(part in {str, Any} for inner in parts for part in (inner, *get_args(inner))):
            yield name


@pytest.mark.parametrize("event", OF_THREADS, ids=lambda event: event.TYPE)
def test_every_text_is_known_to_name_somebody_or_nobody(event: type[Event]) -> None:
    assert set(texts(event)) <= NAMING.keys() | NOBODYS


@pytest.mark.parametrize("event", OF_THREADS, ids=lambda event: event.TYPE)
def test_what_is_left_of_an_event_is_still_one_and_names_nobody(event: type[Event]) -> None:
    sample = json.loads((EXAMPLES / f"{event.TYPE}.json").read_text())

    left = without_people(sample)

    assert not any(name in json.dumps(left) for name in ("grace@", "ada@", "Grace"))
    assert event.model_validate(left).model_dump(mode="json").keys() >= left.keys()
    assert without_people(left) == left


def test_the_details_of_a_refusal_name_nobody() -> None:
    refusal = {"code": "recipient_suppressed", "details": {"address": "ann@example.com", "reason": "bounced"}}

    assert without_people(refusal)["details"] == {"address": "", "reason": "bounced"}
