"""What the OpenAPI documents of several dialects say in the same words."""

from __future__ import annotations

PREFER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "examples": {"wait": {"value": "wait=10"}, "async": {"value": "respond-async"}},
    "description": "`wait=n` waits up to n seconds (at most 60, default 30) for the final answer, `respond-async` not "
    "at all; after that the call answers 202 and the work goes on.",
}
HEADERS = {"X-Request-Id": {"schema": {"type": "string"}, "description": "Names the call."}}
ANSWER_HEADERS = {
    **HEADERS,
    "Preference-Applied": {"schema": {"type": "string"}, "description": "The preference that was honoured."},
    "Idempotent-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "A repeated call.",
    },
}
PLACE = {"Location": {"schema": {"type": "string"}, "description": "Where to read it."}}
SUCCESS = {
    200: "Done.",
    201: "Created.",
    202: "Accepted; the work goes on. Read `Location` for how it stands.",
}
