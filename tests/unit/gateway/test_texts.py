"""What may go into a mail: addresses as servers take them, lists as RFC 5322 writes them, and no control characters."""

from __future__ import annotations

import time

import pytest

from services.gateway.texts import IN_LINES, MOST_RECIPIENTS, address, has_controls, lines, recipients

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]


@pytest.mark.contract("S3-11")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Grace.Hopper@Example.COM", "grace.hopper@example.com"),
        ("g+tag@sub.example.co.uk", "g+tag@sub.example.co.uk"),
        ("g@bücher.example", "g@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_kept_in_small_letters(given: str, kept: str) -> None:
    assert address(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "", "grace", "@example.com", "grace@", "grace@localhost", "gra ce@example.com", "a@b@example.com",
        "<grace@example.com>", "Grace <grace@example.com>", "grace@[127.0.0.1]", '"g h"@example.com',
        "grüße@example.com", ".g@example.com", "g..h@example.com", f"{'g' * 65}@example.com",
        f"g@{'e' * 250}.com", "grace@example.com\n", "grace@example.com\0", "grace@example.com,ada@example.com",
    ],
)  # fmt: skip
def test_what_no_server_takes_is_no_address(given: str) -> None:
    assert address(given) is None


@pytest.mark.contract("S3-18")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a@example.com", ["a@example.com"]),
        ("a@example.com,b@example.com", ["a@example.com", "b@example.com"]),
        (' "Babbage, Charles" <c@example.com> ', ['"Babbage, Charles" <c@example.com>']),
        ("Ada <a@Example.com>", ['"Ada" <a@example.com>']),
        ('"a \\"b\\" c" <a@example.com>', ['"a \\"b\\" c" <a@example.com>']),
        ("<a@example.com>", ["a@example.com"]),
    ],
)
def test_a_list_is_its_mailboxes(given: str, kept: list[str]) -> None:
    found = recipients(given)

    assert found == kept
    assert recipients(", ".join(found)) == kept, "what is kept reads the same again"


@pytest.mark.parametrize(
    "given",
    [
        "", ",", "a@example.com,", "a@example.com,,b@example.com", "a@example.com;b@example.com", "friends: a@example.com;",
        "a@example.com (comment)", "Ada <a@example.com", "Ada a@example.com", "Ada <a@example.com> b",
        '"Ada <a@example.com>', "a@example.com\r\nBcc: b@example.com", "a@example.com\n b@example.com",
    ],
)  # fmt: skip
def test_a_list_that_is_written_otherwise_is_none(given: str) -> None:
    assert recipients(given) is None


def test_a_list_has_an_end() -> None:
    many = [f"a{number}@example.com" for number in range(MOST_RECIPIENTS + 1)]

    assert recipients(",".join(many)) is None
    assert recipients(",".join(many[1:])) == many[1:]


@pytest.mark.parametrize("piece", ["(", '"', "<", "a.", "@", "a ", "\\", ",", "=?utf-8?q?", "a:;"])
def test_no_text_takes_long_to_refuse(piece: str) -> None:
    started = time.process_time()  # what a busy machine does meanwhile is not this text's

    assert recipients(piece * 10_000) is None
    assert address(piece * 10_000) is None

    assert time.process_time() - started < 1.0


def test_every_control_character_is_seen() -> None:
    assert all(has_controls(f"a{each}b") for each in CONTROLS)
    assert not has_controls("Grüße, 你好, שלום 👋 \u200d")
    assert [each for each in CONTROLS if not has_controls(each, but=IN_LINES)] == ["\t", "\n"]
    assert lines("a\r\nb\rc\n") == "a\nb\nc\n"
