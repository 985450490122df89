"""What a file is called: a name that is safe to show, to store and to send, whatever the client said."""

from __future__ import annotations

import unicodedata

from shared.content.clean import plain

LONGEST = 150
"""In characters."""
NAMELESS = "attachment"
_LONGEST_ENDING = 12
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, what is invisible or turns the direction of text, halves of characters, private ones, line ends."""


def safe_name(given: str) -> str:
    """Return the last part of a path, in one line, without what cannot be seen, and not too long."""
    last = given.replace("\\", "/").rpartition("/")[2]
    seen = "".join(
        " " if each.isspace() else each
        for each in unicodedata.normalize("NFC", last)
        if unicodedata.category(each) not in _UNSAFE or each in "\t\r\n"
    )
    name = " ".join(plain(seen).split()).rstrip(". ")
    if not name.strip("."):
        return NAMELESS
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        return name[:LONGEST].rstrip(". ")
    return stem[: LONGEST - len(ending) - 1].rstrip(". ") + dot + ending
