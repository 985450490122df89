"""How the records a domain needs measure up to what DNS says, however strange that is."""

from __future__ import annotations

import pytest

from services.provisioner.domain.dns_judging import (
    LONGEST_SEEN,
    MOST_SEEN,
    Question,
    judged,
    purpose_of,
    question_of,
)
from services.provisioner.providers.dns import parse_servers
from shared.contracts.domains import DnsRecord

D = "d.example"
MX = DnsRecord(type="MX", name=D, value="inbound.example", priority=10)
SPF = DnsRecord(type="TXT", name=D, value="v=spf1 include:mail.example ip4:192.0.2.1 -all")
KEY = DnsRecord(type="TXT", name=f"k._domainkey.{D}", value="v=DKIM1; k=rsa; p=" + "A" * 392)
ALIAS = DnsRecord(type="CNAME", name=f"k._domainkey.{D}", value="Keys.example.")
DMARC = DnsRecord(type="TXT", name=f"_dmarc.{D}", value="v=DMARC1; p=reject")
OURS = DnsRecord(type="TXT", name=f"_mailwright.{D}", value="mailwright-verification=abc")


def status(record: DnsRecord, *values: str) -> str:
    (after,) = judged([record], {question_of(record): values})
    return after.status


@pytest.mark.parametrize(
    ("record", "purpose"),
    [
        (MX, "mx"),
        (SPF, "spf"),
        (KEY, "dkim"),
        (ALIAS, "dkim"),
        (DMARC, "dmarc"),
        (OURS, "ownership"),
        (DnsRecord(type="CNAME", name=f"link.{D}", value="links.example"), "other"),
        (DnsRecord(type="TXT", name=D, value="v=spf10"), "other"),
    ],
)
def test_what_a_record_is_for(record: DnsRecord, purpose: str) -> None:
    assert purpose_of(record) == purpose
    assert judged([record], {})[0].purpose == purpose


@pytest.mark.parametrize("record", [MX, SPF, KEY, ALIAS, DMARC, OURS])
def test_nothing_at_the_name_is_a_missing_record(record: DnsRecord) -> None:
    (after,) = judged(
        [record.model_copy(update={"status": "valid", "seen": ("old",)})], {question_of(record): ()}
    )

    assert (after.status, after.seen) == ("missing", ())


@pytest.mark.parametrize("record", [MX, SPF, KEY, ALIAS, DMARC, OURS])
def test_trouble_leaves_a_record_as_it_stood(record: DnsRecord) -> None:
    stood = record.model_copy(update={"status": "valid", "seen": ("before",)})

    (after,) = judged([stood], {question_of(record): None})

    assert (after.status, after.seen) == ("valid", ("before",))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["10 inbound.example"], "valid"),
        (["5 other.example", "20 INBOUND.example."], "valid"),
        (["5 other.example"], "invalid"),
        (["0 ."], "invalid"),
    ],
)
def test_mail_hosts(values: list[str], expected: str) -> None:
    assert status(MX, *values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([SPF.value], "valid"),
        (["V=SPF1  +Include:mail.example  a ip4:192.0.2.1 ~all"], "valid"),
        (["some-site-verification=1", SPF.value], "valid"),
        (["some-site-verification=1"], "missing"),
        (["v=spf10 include:mail.example ip4:192.0.2.1"], "missing"),
        (["v=spf1 include:mail.example -all"], "invalid"),
        (["v=spf1 -all include:mail.example ip4:192.0.2.1"], "invalid"),
        (["v=spf1 -include:mail.example ip4:192.0.2.1 -all"], "invalid"),
        (["v=spf1 ?include:mail.example ip4:192.0.2.1 -all"], "invalid"),
        (["v=spf1"], "invalid"),
        ([SPF.value, "v=spf1 -all"], "invalid"),
        ([SPF.value, SPF.value], "invalid"),
    ],
)
def test_sender_policies(values: list[str], expected: str) -> None:
    assert status(SPF, *values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([KEY.value], "valid"),
        ([KEY.value.replace("; ", ";").replace("AAAA", "AA AA") + ";"], "valid"),
        ([KEY.value, KEY.value], "valid"),
        (["v=DKIM1; k=rsa; p=OTHER"], "invalid"),
        ([KEY.value, "v=DKIM1; k=rsa; p=OTHER"], "invalid"),
        ([KEY.value.lower()], "invalid"),
        ([""], "invalid"),
    ],
)
def test_keys(values: list[str], expected: str) -> None:
    assert status(KEY, *values) == expected


@pytest.mark.parametrize(
    ("values", "expected"), [(["keys.EXAMPLE"], "valid"), (["keys.example.evil.example"], "invalid")]
)
def test_aliases(values: list[str], expected: str) -> None:
    assert status(ALIAS, *values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["v=DMARC1; p=reject"], "valid"),
        (["v=DMARC1;p=none;rua=mailto:a@d.example;"], "valid"),
        (["v = DMARC1 ; p = Quarantine ; pct=50"], "valid"),
        (["other text", "v=DMARC1; p=none"], "valid"),
        (["other text"], "missing"),
        (["v=DMARC1"], "invalid"),
        (["v=DMARC1; p=maybe"], "invalid"),
        (["v=dmarc1; p=none"], "invalid"),
        (["v=DMARC1; rua=mailto:a@d.example"], "invalid"),
        (["v=DMARC1; p=none; p=reject"], "invalid"),
        (["v=DMARC1; p=none; nonsense"], "invalid"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "invalid"),
    ],
)
def test_policies_for_receivers(values: list[str], expected: str) -> None:
    assert status(DMARC, *values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([OURS.value], "valid"),
        (["mailwright-verification=other", f" {OURS.value} "], "valid"),
        (["mailwright-verification=other"], "invalid"),
        (["mailwright-verification=ABC"], "invalid"),
    ],
)
def test_ownership_records(values: list[str], expected: str) -> None:
    assert status(OURS, *values) == expected


def test_what_was_seen_is_shown_the_same_in_whatever_order_it_came() -> None:
    values = ["z=1", SPF.value, "a=1"]
    orders = [values, values[::-1]]

    shown = {judged([SPF], {question_of(SPF): order})[0].seen for order in orders}

    assert shown == {(SPF.value, "a=1", "z=1")}


def test_what_was_seen_is_bounded_and_harmless() -> None:
    hostile = [
        "x" * 65_000,
        "\x00\x1b[31m\r\nSet-Cookie: a=b",
        "\u202egnp.exe\u2028",
        "\ud800",
        *["y" * 600] * 3_000,
    ]

    (after,) = judged([OURS], {question_of(OURS): hostile})

    assert after.status == "invalid"
    assert len(after.seen) == MOST_SEEN
    assert all(len(value) <= LONGEST_SEEN + 1 for value in after.seen)
    assert all(char.isprintable() for value in after.seen for char in value)
    assert after.model_dump_json()


@pytest.mark.parametrize("record", [MX, SPF, KEY, ALIAS, DMARC, OURS])
@pytest.mark.parametrize(
    "value",
    ["", " ", ";", "=", "v=spf1" + " a" * 20_000, "v=DMARC1;" + ";" * 60_000, "\x00", "10", "…" * 65_000],
)
def test_no_answer_is_too_strange_to_be_judged(record: DnsRecord, value: str) -> None:
    values = [value] if record.type == "TXT" else [f"10 {value}"]

    assert status(record, *values) in {"missing", "invalid"}


def test_names_are_asked_for_in_their_comparable_form() -> None:
    assert question_of(MX.model_copy(update={"name": "D.Example."})) == Question("MX", D)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("192.0.2.1", [("192.0.2.1", 53)]),
        ("192.0.2.1:5353, simulator:53", [("192.0.2.1", 5353), ("simulator", 53)]),
        ("2001:db8::1", [("2001:db8::1", 53)]),
        ("[2001:db8::1]:5353", [("2001:db8::1", 5353)]),
    ],
)
def test_servers_are_hosts_with_or_without_a_port(text: str, expected: list[tuple[str, int]]) -> None:
    assert parse_servers(text) == expected


@pytest.mark.parametrize("text", [":53", "a:b", "a:0", "a:65536", "[]:53"])
def test_nonsense_is_no_server(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_servers(text)
