"""The form of events on the wire."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.clock import RandomIds, SystemClock
from shared.contracts.envelope import Received
from shared.contracts.registry import EVENT_TYPES
from shared.errors import Poison
from shared.messaging.recorder import Recorder
from shared.messaging.wire import (
    MAX_VALUE_BYTES,
    Entry,
    Headers,
    LogHead,
    ReplayRequested,
    decode,
    encode_data,
    encode_log_head,
    encode_replay_request,
    envelope_headers,
    position_of,
)
from tests.contract.events.samples import ACCOUNT, REQUEST, SAMPLES, TENANT, WORKSPACE

recorder = Recorder(SystemClock(), RandomIds())


def entry(name: str) -> Entry:
    event = recorder.event(
        SAMPLES[name],
        subject=ACCOUNT,
        tenant_id=TENANT,
        workspace_id=WORKSPACE,
        sequence=3,
        request_id=REQUEST,
    )
    return Entry(
        event.data.TOPIC, 2, 17, event.id, name, event.subject, event.time, event.sequence, event.tenant_id,
        event.workspace_id, event.request_id, event.causation_id, event.traceparent, encode_data(event),
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_an_event_reads_back_as_it_was_recorded(name: str) -> None:
    sent = entry(name)

    received = decode(sent.topic, 2, envelope_headers(sent, source="provisioner"), sent.data)

    assert isinstance(received, Received)
    assert (received.source, received.position, received.partition) == ("provisioner", 17, 2)
    assert received.event.data == SAMPLES[name]
    assert (received.event.id, received.event.time) == (sent.event_id, sent.event_time)
    assert (received.event.sequence, received.event.request_id) == (3, REQUEST)


def test_the_envelope_is_cloudevents_in_binary_mode() -> None:
    sent = entry("mailwright.account.reserved.v1")

    headers = dict(envelope_headers(sent, source="provisioner"))

    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"mailwright.account.reserved.v1"
    assert headers["ce_subject"] == str(ACCOUNT).encode()
    assert (headers["ce_logposition"], headers["ce_logprevious"]) == (b"17", b"16")
    assert headers["content-type"] == b"application/json"


def test_control_records_read_back() -> None:
    head = LogHead("warmup", "t", 1, 9)
    replay = ReplayRequested("warmup", "t", 1, 4)

    assert decode("t", 1, encode_log_head(head), b"") == head
    assert decode("t", 1, encode_replay_request(replay), b"") == replay


def changed(headers: Headers, name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(key, value if key == name else old) for key, old in headers]


@pytest.mark.promise("R18")
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ce_type", b"mailwright.account.reserved.v99", "unknown_type"),
        ("ce_type", None, "bad_envelope"),
        ("ce_id", b"not a uuid", "bad_envelope"),
        ("ce_id", b"\xff\xfe", "bad_envelope"),
        ("ce_time", b"yesterday", "bad_envelope"),
        ("ce_logposition", b"third", "bad_envelope"),
    ],
)
def test_a_record_that_is_not_ours_is_poison(name: str, value: bytes | None, code: str) -> None:
    sent = entry("mailwright.account.reserved.v1")
    headers = changed(envelope_headers(sent, source="provisioner"), name, value)

    with pytest.raises(Poison) as poison:
        decode(sent.topic, 2, headers, sent.data)

    assert poison.value.code == code


@pytest.mark.promise("R18")
@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'{"account": 1}'])
def test_data_that_does_not_fit_is_poison_whose_place_is_still_told(value: bytes | None) -> None:
    sent = entry("mailwright.account.reserved.v1")
    headers = envelope_headers(sent, source="provisioner")

    with pytest.raises(Poison, match="does not fit"):
        decode(sent.topic, 2, headers, value)

    assert position_of(headers) == ("provisioner", 17)


def test_an_event_over_the_limit_is_refused_when_it_is_recorded() -> None:
    data = SAMPLES["mailwright.account.request_answered.v1"].model_copy(
        update={"details": {"text": "x" * MAX_VALUE_BYTES}}
    )
    event = recorder.event(data, subject=ACCOUNT, tenant_id=TENANT, workspace_id=None)

    with pytest.raises(ValueError, match="over the limit"):
        encode_data(event)
    assert encode_data(replace(event, data=SAMPLES["mailwright.account.request_answered.v1"]))
