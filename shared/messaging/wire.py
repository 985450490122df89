"""The form of an event on Kafka: CloudEvents 1.0 binary mode, headers for the envelope, JSON for the data.

Two control records share the topics: a log head tells how far a producer's log reaches, a replay request asks a
producer to send part of its log again. They belong to the transport and never enter anyone's history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, datetime
from uuid import UUID

from pydantic import ValidationError

from shared.contracts.envelope import Received, Recorded
from shared.contracts.registry import EVENT_TYPES
from shared.errors import Poison

LOG_HEAD = "mailwright.log.head.v1"
REPLAY_REQUESTED = "mailwright.log.replay_requested.v1"
UNKNOWN_TYPE = "unknown_type"
"""The code of a record that newer code can read, and this code cannot."""
MAX_VALUE_BYTES = 900_000
"""Refused when recorded: below every broker's default record limit of 1 MiB, headers included."""
MAX_NUMBER = 2**63 - 1
"""The greatest version or place in a log: what Postgres calls a bigint."""


@dataclass(frozen=True, slots=True)
class LogHead:
    """How far the log of `source` for this partition has been published."""

    source: str
    topic: str
    partition: int
    position: int


@dataclass(frozen=True, slots=True)
class ReplayRequested:
    """A consumer has everything up to `after` and asks `source` for the rest of its log for this partition."""

    source: str
    topic: str
    partition: int
    after: int


Headers = list[tuple[str, bytes]]
Record = Received | LogHead | ReplayRequested


@dataclass(frozen=True, slots=True)
class Entry:
    """An event, encoded, at the place its producer's log gave it."""

    topic: str
    partition: int
    position: int
    event_id: UUID
    type: str
    subject: UUID
    event_time: datetime
    sequence: int | None
    tenant_id: UUID
    workspace_id: UUID | None
    request_id: UUID | None
    causation_id: UUID | None
    traceparent: str | None
    data: bytes


def envelope_headers(entry: Entry, *, source: str) -> Headers:
    """Return the headers of an event at its place in the log of `source`."""
    fields: dict[str, object] = {
        "ce_specversion": "1.0",
        "ce_id": entry.event_id,
        "ce_type": entry.type,
        "ce_source": source,
        "ce_subject": entry.subject,
        "ce_time": entry.event_time.isoformat(),
        "ce_sequence": entry.sequence,
        "ce_tenantid": entry.tenant_id,
        "ce_workspaceid": entry.workspace_id,
        "ce_requestid": entry.request_id,
        "ce_causationid": entry.causation_id,
        "ce_logposition": entry.position,
        "ce_logprevious": entry.position - 1,
        "traceparent": entry.traceparent,
        "content-type": "application/json",
    }
    return [(name, str(value).encode()) for name, value in fields.items() if value is not None]


def encode_data(event: Recorded) -> bytes:
    """Return the JSON of an event's data.

    Raises:
        ValueError: It is larger than a broker takes; refused here, in the transaction, so that no relay gets stuck.
    """
    value = event.data.model_dump_json().encode()
    if len(value) > MAX_VALUE_BYTES:
        raise ValueError(f"{event.data.TYPE} of {len(value)} bytes is over the limit of {MAX_VALUE_BYTES}")
    return value


def encode_log_head(head: LogHead) -> Headers:
    """Return the headers of a log head; the record has no value."""
    return _control(LOG_HEAD, head.source, head.position)


def encode_replay_request(request: ReplayRequested) -> Headers:
    """Return the headers of a replay request; the record has no value."""
    return _control(REPLAY_REQUESTED, request.source, request.after)


def decode(
    topic: str, partition: int, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> Record:
    """Return what a record says.

    Raises:
        Poison: It is not one of ours, or of a type or version this code does not know.
    """
    fields = _decode_headers(headers)
    try:
        kind, source, position = fields["ce_type"], fields["ce_source"], _number(fields["ce_logposition"])
    except (KeyError, ValueError) as error:
        raise Poison("The record does not carry our envelope.", code="bad_envelope") from error
    if kind == LOG_HEAD:
        return LogHead(source, topic, partition, position)
    if kind == REPLAY_REQUESTED:
        return ReplayRequested(source, topic, partition, position)
    return Received(decode_event(fields, value or b""), source, topic, partition, position)


def decode_event(fields: Mapping[str, str], value: bytes) -> Recorded:
    """Return the event that these envelope fields and this JSON make.

    Raises:
        Poison: A field is missing or malformed, or the type or version is unknown.
    """
    data_type = EVENT_TYPES.get(fields.get("ce_type", ""))
    if data_type is None:
        raise Poison("The event's type or version is unknown here.", code=UNKNOWN_TYPE)
    try:
        return Recorded(
            id=UUID(fields["ce_id"]),
            subject=UUID(fields["ce_subject"]),
            time=_time(fields["ce_time"]),
            tenant_id=UUID(fields["ce_tenantid"]),
            workspace_id=_uuid(fields.get("ce_workspaceid")),
            sequence=_number(fields["ce_sequence"]) if "ce_sequence" in fields else None,
            request_id=_uuid(fields.get("ce_requestid")),
            causation_id=_uuid(fields.get("ce_causationid")),
            traceparent=fields.get("traceparent"),
            data=data_type.model_validate_json(value),
        )
    except ValidationError as error:
        raise Poison(f"The data does not fit {data_type.TYPE}.", code="bad_data") from error
    except (KeyError, ValueError) as error:
        raise Poison("The event's envelope is malformed.", code="bad_envelope") from error


def position_of(headers: Iterable[tuple[str, bytes | None]]) -> tuple[str, int] | None:
    """Return the producer and log position of a record that could not be decoded, if its headers still tell."""
    try:
        fields = _decode_headers(headers)
        return fields["ce_source"], _number(fields["ce_logposition"])
    except (Poison, KeyError, ValueError):
        return None


def _decode_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    try:
        fields = {name: value.decode() for name, value in headers if value is not None}
    except UnicodeDecodeError as error:
        raise Poison("A header is not UTF-8.", code="bad_envelope") from error
    if any("\0" in value for value in fields.values()):
        raise Poison("A header has a NUL, which no column takes.", code="bad_envelope")
    return fields


def _control(kind: str, source: str, position: int) -> Headers:
    fields = {"ce_specversion": "1.0", "ce_type": kind, "ce_source": source, "ce_logposition": str(position)}
    return [(name, value.encode()) for name, value in fields.items()]


def _number(value: str) -> int:
    number = int(value)
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError("a place or a version that no column takes")
    return number


def _time(value: str) -> datetime:
    time = datetime.fromisoformat(value)
    if time.tzinfo is None or time.year == MAXYEAR:
        raise ValueError("a time of no zone, or one that nothing can come after")
    return time


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
