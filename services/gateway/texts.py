"""Which text may go into a mail: no control character gets into a name, a subject or an address, and so into a header."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from shared.content.clean import hides_controls

UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls, halves of characters, line and paragraph separators."""
IN_LINES = "\n\t"
"""The controls that text of several lines may have."""

LONGEST_ADDRESS = 254
LONGEST_LIST = 20_000
MOST_RECIPIENTS = 50
"""Over everybody that one message goes to."""


def has_controls(text: str, *, but: str = "") -> bool:
    """Return whether there is a control character in a text, other than those in `but`."""
    return any(unicodedata.category(each) in UNSAFE and each not in but for each in text)


def is_header_text(text: str) -> bool:
    """Return whether a text may stand in a header: it has no control character, and hides none in an encoded word."""
    return not has_controls(text) and not hides_controls(text)


def lines(text: str) -> str:
    """Return a text whose lines all end the same way."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def address(text: str) -> str | None:
    """Return an address as it is kept, in lower case (S3-11); None if it is none that mail can be sent to."""
    found = _mailbox(text, display_name=False) if is_header_text(text) else None
    return _plain(found).lower() if found else None


def recipients(text: str) -> list[str] | None:
    """Return the recipients of a comma-separated list (S3-18); None if one of them is not written as RFC 5322 has it.

    Each is an address, or a name and an address in angle brackets. Groups, comments and empty places are refused.
    """
    if len(text) > LONGEST_LIST or not is_header_text(text):
        return None
    written = list(_split(text))
    if len(written) > MOST_RECIPIENTS:
        return None
    found: list[str] = []
    for each in written:
        mailbox = _mailbox(each.strip(), display_name=True)
        if mailbox is None:
            return None
        found.append(_as_header(mailbox))
    return found


def _mailbox(text: str, *, display_name: bool) -> ValidatedEmail | None:
    """Return what a text says if mail can go there: names may be in any language, addresses before the @ may not."""
    try:
        found = validate_email(text, check_deliverability=False, strict=True, allow_display_name=display_name)
    except EmailNotValidError:
        return None
    return found if found.local_part.isascii() else None


def _plain(mailbox: ValidatedEmail) -> str:
    return f"{mailbox.local_part}@{mailbox.ascii_domain}"


def _as_header(mailbox: ValidatedEmail) -> str:
    if not mailbox.display_name:
        return _plain(mailbox)
    name = mailbox.display_name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{_plain(mailbox)}>'


def _split(text: str) -> Iterator[str]:
    """Yield what stands between the commas that are not inside quotes."""
    start, is_quoted, is_escaped = 0, False, False
    for place, each in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif each == "\\" and is_quoted:
            is_escaped = True
        elif each == '"':
            is_quoted = not is_quoted
        elif each == "," and not is_quoted:
            yield text[start:place]
            start = place + 1
    yield text[start:]
