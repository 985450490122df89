"""What a zone needs: compared after normalising, never at the cost of its owner."""

from __future__ import annotations

from itertools import count
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provisioner.domain.dns_sync import (
    Plan,
    ZonePolicy,
    ZoneRecord,
    merge_spf,
    plan,
    txt_content,
    txt_value,
    zone_candidates,
)
from shared.contracts.domains import DnsRecord

LONG_KEY = "v=DKIM1; k=rsa; p=" + "A" * 392


def wanted(
    kind: Literal["TXT", "MX", "CNAME"], name: str, value: str, priority: int | None = None
) -> DnsRecord:
    return DnsRecord(type=kind, name=name, value=value, priority=priority)


def held(kind: str, name: str, content: str, record_id: str = "r1") -> ZoneRecord:
    return ZoneRecord(record_id, kind, name, content)


def applied(todo: Plan, before: list[ZoneRecord]) -> list[ZoneRecord]:
    """The zone after a plan, its new texts cut as a zone cuts them."""
    numbers = count()
    puts = {put.id: put.record for put in (*todo.puts, *todo.patches)}
    kept = [
        held(record.type, record.name, txt_content(puts[record.id].value), record.id)
        if record.id in puts
        else record
        for record in before
        if record.id not in todo.deletes
    ]
    posted = [
        held(
            record.type,
            record.name,
            txt_content(record.value) if record.type == "TXT" else record.value,
            f"new{next(numbers)}",
        )
        for record in todo.posts
    ]
    return kept + posted


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=900))
def test_a_text_is_the_same_after_it_was_cut_into_segments(value: str) -> None:
    content = txt_content(value)

    assert txt_value(content) == value
    assert all(len(txt_value(f'"{segment}"')) <= 255 for segment in content[1:-1].split('" "'))


def test_a_key_that_the_zone_cut_into_segments_is_recognised() -> None:
    stored = f'"{LONG_KEY[:255]}" "{LONG_KEY[255:]}"'

    todo = plan(
        [wanted("TXT", "s._domainkey.d.example", LONG_KEY)], [held("TXT", "S._domainkey.d.example.", stored)]
    )

    assert todo == Plan()


def test_what_is_missing_is_posted() -> None:
    records = [
        wanted("MX", "d.example", "inbound.example", 10),
        wanted("TXT", "_dmarc.d.example", "v=DMARC1; p=reject"),
        wanted("CNAME", "link.d.example", "links.example"),
    ]

    assert plan(records, []).posts == tuple(records)


@pytest.mark.parametrize(
    ("record", "present"),
    [
        (wanted("MX", "d.example", "inbound.example.", 10), held("MX", "D.example.", "Inbound.Example")),
        (
            wanted("CNAME", "link.d.example", "links.example"),
            held("CNAME", "link.d.example", "links.example."),
        ),
        (wanted("TXT", "_mailwright.d.example", "x=1"), held("TXT", "_mailwright.d.example", '"x=1"')),
        (
            wanted("TXT", "_dmarc.d.example", "v=DMARC1; p=reject"),
            held("TXT", "_dmarc.d.example", "v=DMARC1; p=none"),
        ),
    ],
)
def test_what_is_there_in_another_spelling_is_kept(record: DnsRecord, present: ZoneRecord) -> None:
    assert plan([record], [present]) == Plan()


@pytest.mark.parametrize(
    ("record", "present"),
    [
        (wanted("MX", "d.example", "inbound.example", 10), held("MX", "d.example", "mail.owner.example")),
        (wanted("CNAME", "link.d.example", "links.example"), held("A", "link.d.example", "192.0.2.1")),
        (wanted("TXT", "mail.d.example", "v=spf1 -all"), held("CNAME", "mail.d.example", "owner.example")),
    ],
)
def test_what_the_owner_uses_otherwise_is_left_to_the_owner(record: DnsRecord, present: ZoneRecord) -> None:
    assert plan([record], [present]) == Plan(conflicts=(record,))


def test_other_texts_at_the_same_name_are_no_hindrance() -> None:
    record = wanted("TXT", "_mailwright.d.example", "mailwright-verification=ours")

    todo = plan([record], [held("TXT", "_mailwright.d.example", "mailwright-verification=theirs")])

    assert todo == Plan(posts=(record,))


def test_stale_keys_at_the_selector_give_way() -> None:
    record = wanted("TXT", "s._domainkey.d.example", LONG_KEY)
    present = [
        held("TXT", record.name, "v=DKIM1; p=OLD", "a"),
        held("TXT", record.name, "k=rsa; p=OLDER", "b"),
    ]

    todo = plan([record], present)

    assert [(put.id, put.record) for put in todo.puts] == [("a", record)]
    assert todo.deletes == ("b",)
    assert plan([record], applied(todo, present)) == Plan()


@pytest.mark.parametrize(
    ("present", "merged"),
    [
        ("v=spf1 include:other.example -all", "v=spf1 include:other.example include:ses.example -all"),
        ("v=spf1 ip4:192.0.2.0/24 ~ALL", "v=spf1 ip4:192.0.2.0/24 include:ses.example ~ALL"),
        ("v=spf1 redirect=_spf.other.example", "v=spf1 include:ses.example redirect=_spf.other.example"),
        ("v=spf1 include:other.example", "v=spf1 include:other.example include:ses.example"),
        ("v=spf1 Include:SES.example -all", "v=spf1 Include:SES.example -all"),
    ],
)
def test_senders_are_added_to_the_policy_that_stands(present: str, merged: str) -> None:
    assert merge_spf(present, "v=spf1 include:ses.example -all") == merged


def test_a_merged_policy_stays_its_owners_record() -> None:
    record = wanted("TXT", "mail.d.example", "v=spf1 include:ses.example -all")
    present = [held("TXT", "mail.d.example", '"v=spf1 include:other.example -all"')]

    todo = plan([record], present)

    assert todo.puts == ()
    assert todo.patches[0].record.value == "v=spf1 include:other.example include:ses.example -all"
    assert plan([record], applied(todo, present)) == Plan()


def test_of_two_policies_neither_is_touched() -> None:
    record = wanted("TXT", "mail.d.example", "v=spf1 include:ses.example -all")
    present = [held("TXT", record.name, "v=spf1 -all", "a"), held("TXT", record.name, "v=spf1 ~all", "b")]

    assert plan([record], present) == Plan(conflicts=(record,))


def test_running_a_plan_again_changes_nothing() -> None:
    records = [
        wanted("MX", "d.example", "inbound.example", 10),
        wanted("MX", "mail.d.example", "feedback.example", 10),
        wanted("TXT", "mail.d.example", "v=spf1 include:ses.example -all"),
        wanted("TXT", "s._domainkey.d.example", LONG_KEY),
        wanted("TXT", "_dmarc.d.example", "v=DMARC1; p=reject"),
        wanted("TXT", "_mailwright.d.example", 'quote " and backslash \\'),
    ]

    assert plan(records, applied(plan(records, []), [])) == Plan()


def test_the_zone_may_be_the_domain_or_any_parent_of_two_labels() -> None:
    assert zone_candidates("A.b.example.com.") == ["a.b.example.com", "b.example.com", "example.com"]
    assert zone_candidates("example.com") == ["example.com"]


def test_a_zone_is_open_to_whom_the_policy_names() -> None:
    ours, theirs = UUID(int=1), UUID(int=2)
    policy = ZonePolicy(f"open.example, {ours}:ours.example")

    assert policy.allows("Open.example.", theirs)
    assert policy.allows("ours.example", ours)
    assert not policy.allows("ours.example", theirs)
    assert not policy.allows("sub.open.example", ours)
    assert not ZonePolicy("").allows("open.example", ours)
    assert ZonePolicy("*").allows("any.example", theirs)
