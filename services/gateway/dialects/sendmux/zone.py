"""A domain's records as a zone file."""

from __future__ import annotations

from collections.abc import Iterable

from shared.contracts.domains import DnsRecord

TTL_SECONDS = 300
_LONGEST_STRING = 255


def zone_file(domain: str, records: Iterable[DnsRecord]) -> str:
    """Return records in the form of RFC 1035; a long TXT value is several strings, as it must be there."""
    lines = [f"$ORIGIN {domain}.", f"$TTL {TTL_SECONDS}"]
    lines += [f"{record.name}. IN {record.type} {_value(record)}" for record in records]
    return "\n".join(lines) + "\n"


def _value(record: DnsRecord) -> str:
    match record.type:
        case "TXT":
            return " ".join(_quoted(part) for part in _parts(record.value))
        case "MX":
            return f"{record.priority if record.priority is not None else 10} {record.value}."
        case "CNAME":
            return f"{record.value}."


def _parts(value: str) -> list[str]:
    return [value[start : start + _LONGEST_STRING] for start in range(0, max(1, len(value)), _LONGEST_STRING)]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
