"""Text of strangers is kept as near to what they wrote as the database and a header allow, and warmup mail is known by its tag."""

from __future__ import annotations

import json

import pytest

from shared.content.clean import one_line, storable
from shared.contracts.warmup_mail import bears, warmup_tag


def test_what_postgres_cannot_keep_is_replaced_wherever_it_stands() -> None:
    wild = {
        "a\x00": ["\ud800", {"b": "c\x00\ud83d\ude00"}],
        "n": float("inf"),
        "m": 1.5,
        "t": True,
        "x": None,
    }

    tame = storable(wild)

    assert tame == {
        "a\ufffd": ["\ufffd", {"b": "c\ufffd\ufffd\ufffd"}],
        "n": None,
        "m": 1.5,
        "t": True,
        "x": None,
    }
    assert "\\u0000" not in json.dumps(tame, allow_nan=False)


def test_ordinary_text_stays_as_it_is() -> None:
    assert storable("Grüße 😀\r\n\tbis bald") == "Grüße 😀\r\n\tbis bald"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Hello\r\nBcc: all@example.com", "Hello Bcc: all@example.com"),
        ("\x00a\x1b[31m\x7fb\x85c\u2028d\ud800", "a [31m b c d"),
        ("  Ada Lovelace\t", "Ada Lovelace"),
        ("Żółw 😀", "Żółw 😀"),
    ],
)
def test_a_line_has_no_controls_in_it(text: str, line: str) -> None:
    assert one_line(text) == line


def test_each_installation_has_a_tag_of_its_own() -> None:
    tag = warmup_tag("local")

    assert tag == warmup_tag("local") != warmup_tag("other")
    assert tag.isalnum()
    assert bears(tag, ["Lunch?", f"Re: notes | {tag.upper()}"])
    assert not bears(tag, [None, "", "mw", "Lunch?"])
