"""Every event version ever published still reads, and today's code still writes it the same way.

After a deliberate addition run `python -m tests.contract.events.write_golden`; a change to an existing file's fields
needs a new version of the event instead.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.contracts.registry import EVENT_TYPES
from tests.contract.events.samples import SAMPLES

EXAMPLES = Path(__file__).parents[3] / "shared/contracts/examples"


def test_there_is_one_golden_file_per_event_version() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(EVENT_TYPES)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_the_golden_file_reads_as_the_sample(name: str) -> None:
    read = EVENT_TYPES[name].model_validate_json((EXAMPLES / f"{name}.json").read_bytes())

    assert read == SAMPLES[name]


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_the_sample_writes_as_the_golden_file(name: str) -> None:
    written = json.loads(SAMPLES[name].model_dump_json())

    assert written == json.loads((EXAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_a_field_this_code_does_not_know_is_ignored(name: str) -> None:
    newer = json.loads((EXAMPLES / f"{name}.json").read_text()) | {"added_later": 1}

    assert EVENT_TYPES[name].model_validate(newer) == SAMPLES[name]
