"""Every metric of the system, each with one line of meaning."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS_PUBLISHED = Counter("mailwright_events_published_total", "Events the broker acknowledged", ["topic"])
EVENTS_CONSUMED = Counter(
    "mailwright_events_consumed_total", "Events handled, by outcome", ["topic", "outcome"]
)
PENDING_AGE = Gauge("mailwright_oldest_pending_event_seconds", "Age of the oldest event not yet published")
RELAY_LEADER = Gauge("mailwright_relay_is_leader", "1 in the process whose relay publishes")
LOG_GAPS = Counter("mailwright_log_gaps_total", "Gaps noticed in a producer's log", ["source"])
REPLAYS = Counter("mailwright_log_replays_total", "Parts of the log sent again on request", ["topic"])
DEAD_LETTERS = Counter("mailwright_dead_letters_total", "Records kept as dead letters", ["topic", "code"])
PARKED = Counter("mailwright_parked_total", "Records put aside until what they depend on arrives", ["topic"])
CONSUMER_RESTARTS = Counter(
    "mailwright_consumer_restarts_total", "Consumers rebuilt after trouble", ["reason"]
)
CONSUMER_HALTED = Gauge(
    "mailwright_consumer_is_halted",
    "1 while nothing is consumed because too many records could not be handled",
)
PROJECTION_WRITES = Counter("mailwright_projection_writes_total", "Projection writes by outcome", ["outcome"])
HTTP_REQUESTS = Counter(
    "mailwright_http_requests_total", "API requests answered", ["method", "route", "status"]
)
HTTP_SECONDS = Histogram(
    "mailwright_http_request_seconds", "Time to answer an API request", ["method", "route"]
)
WEBHOOKS_TAKEN = Counter(
    "mailwright_webhooks_taken_total", "Events of providers taken in, repetitions too", ["provider"]
)
MAIL_ARRIVED = Counter("mailwright_mail_arrived_total", "Mail worked off, by what became of it", ["outcome"])
MAIL_LEFT = Counter("mailwright_mail_left_total", "Messages to send, by what became of them", ["outcome"])
PROVIDER_CALLS = Counter(
    "mailwright_provider_calls_total", "Calls to providers by outcome", ["provider", "operation", "outcome"]
)
PROVIDER_SECONDS = Histogram(
    "mailwright_provider_call_seconds", "Time a provider took", ["provider", "operation"]
)
SAGA_STUCK = Gauge("mailwright_sagas_stuck", "Sagas past their deadline that must still go on")
SCHEMA_AHEAD = Gauge(
    "mailwright_schema_is_ahead", "1 when newer code than this has migrated the schema", ["schema"]
)
TIDIED = Counter(
    "mailwright_tidied_rows_total", "Rows deleted or emptied because their time was over", ["table"]
)
