"""Seven hundred hostile texts in every field of mail: refused, or kept without what could begin another header."""

from __future__ import annotations

from email import message_from_string, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import pytest

from services.gateway.bodies import shaped
from services.gateway.dialects.puffle.schemas import ChangeAccount, CreateAccount
from services.gateway.dialects.puffle.schemas_threads import ChangeThread, CreateThread, SendMessage
from services.gateway.errors import ApiError
from tests.support.injections import controls_in, injections

DOMAIN_ID = "0199aaaa-0000-7000-8000-000000000001"
ACCOUNT = {"username": "ada", "domain_id": DOMAIN_ID}
FILE = {"name": "a.txt", "bucket": "b", "path": "p", "mime_type": "text/plain", "size": 1}
FIELDS: dict[tuple[type[Any], str], dict[str, Any]] = {
    **{
        (shape, field): {"draft_subject": "x"}
        for shape in (CreateThread, ChangeThread)
        for field in (
            "participant_email", "participant_name", "draft_subject", "draft_body_text", "draft_body_html", "draft_cc",
            "draft_bcc",
        )
    },
    **{
        (SendMessage, field): {"body_text": "x"}
        for field in ("body_text", "body_html", "subject", "cc", "bcc", "threading_mode")
    },
    **{(CreateAccount, field): ACCOUNT for field in ("display_name", "first_name", "last_name")},
    (ChangeAccount, "signature"): {},
}  # fmt: skip
ADDRESSES = {"draft_cc", "draft_bcc", "cc", "bcc", "participant_email"}
LINES = {"draft_body_text", "draft_body_html", "body_text", "body_html", "signature"}


@pytest.mark.promise("R34")
@pytest.mark.parametrize(("shape", "field"), FIELDS, ids=lambda each: getattr(each, "__name__", each))
def test_a_hostile_text_is_refused_or_harmless(shape: type[Any], field: str) -> None:
    texts = injections()
    assert len(texts) >= 600
    kept = [
        (text, value)
        for text in texts
        if isinstance(value := taken(shape, {**FIELDS[shape, field], field: text}, field), str)
    ]

    for text, value in kept:
        assert not controls_in(value, but="\n\t" if field in LINES else ""), (text, value)
        if field not in LINES:
            assert is_one_header(value), (text, value)
        if field in ADDRESSES:
            assert_recipients_are_as_written(text, value)
    if field == "participant_email":
        assert all("," not in value and ";" not in value and " " not in value for _, value in kept)
    assert len(kept) < len(texts)
    assert kept or field == "threading_mode"


@pytest.mark.promise("R34")
@pytest.mark.parametrize("field", sorted(FILE.keys() - {"size"}))
def test_a_hostile_description_of_a_file_is_refused_or_harmless(field: str) -> None:
    for text in injections():
        files = taken(SendMessage, {"body_text": "x", "attachments": [{**FILE, field: text}]}, "attachments")
        for file in files or ():
            assert not controls_in(getattr(file, field)), text


def taken(shape: type[Any], body: dict[str, Any], field: str) -> Any:
    """Return what is kept of a field, or None if the body is refused."""
    try:
        return getattr(shaped(shape, body), field)
    except ApiError:
        return None


def is_one_header(value: str) -> bool:
    """Whether a value is one header and nothing else, as mail software reads it."""
    read = message_from_string(f"X-Value: {value}\nX-End: 1\n\nbody", policy=policy.default)
    seen = str(read["X-Value"]).encode(errors="surrogateescape").decode(errors="replace")
    return read.keys() == ["X-Value", "X-End"] and not controls_in(seen)


def assert_recipients_are_as_written(text: str, value: str) -> None:
    """Mail goes to whom the text names as an address between its commas, and to nobody else."""
    mail = EmailMessage()
    mail["Cc"] = value
    addresses = [address for _, address in getaddresses([value])]
    assert len(addresses) == len(mail["Cc"].addresses), (text, value)
    for address in addresses:
        assert address.count("@") == 1, (text, value)
        assert address.partition("@")[0].lower() in text.lower(), (text, value)
