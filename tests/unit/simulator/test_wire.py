"""Paths and TXT values survive their encodings."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from services.simulator.dns import txt_stored, txt_value
from services.simulator.router import Route, Router


def nothing() -> None:
    """Stand in for a handler."""


ROUTER: Router[Callable[[], None]] = Router(
    [
        Route("GET", "/m/search", "search", nothing),
        Route("GET", "/m/{id}", "get", nothing),
        Route("POST", "/m/{id}/send", "send", nothing),
    ],
    prefix="/v0",
)


def matched(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    found = ROUTER.match(method, path)
    return (found[0].operation, found[1]) if found else None


def test_literals_win_and_ids_are_decoded() -> None:
    assert matched("GET", "/v0/m/search") == ("search", {})
    assert matched("GET", "/v0/m/%3Ca%2Fb%40c%3E") == ("get", {"id": "<a/b@c>"})
    assert matched("POST", "/v0/m/a@b/send") == ("send", {"id": "a@b"})


def test_other_methods_and_paths_match_nothing() -> None:
    assert matched("DELETE", "/v0/m/1") is None
    assert matched("GET", "/v0/m/1/send") is None
    assert matched("GET", "/v0/other") is None


PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)


@given(tail=st.text(alphabet=PRINTABLE, max_size=600))
def test_a_txt_value_survives_being_stored(tail: str) -> None:
    value = f"v={tail}"  # a value that begins with a quote is in stored form already

    stored = txt_stored(value)

    assert txt_value(stored) == value
    assert txt_stored(stored) == stored
