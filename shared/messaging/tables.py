"""The tables every service keeps for its event log and its consumer, created in the service's own schema.

`event_pending` is written in the transaction that changes state; the relay alone moves rows from it into `event_log`,
where each gets the next position of its partition. So the log grows in position order, and can be read by a plain cursor,
however the transactions that recorded the events overlapped. Nothing in it changes, but for the people that an erased
thread named (`forgetting.py`).
"""

MESSAGING_TABLES = """
create table event_pending (
    id bigint generated always as identity primary key,
    event_id uuid not null,
    topic text not null,
    type text not null,
    subject uuid not null,
    event_time timestamptz not null,
    sequence bigint,
    tenant_id uuid not null,
    workspace_id uuid,
    request_id uuid,
    causation_id uuid,
    traceparent text,
    data bytea not null
);

create table event_log (
    topic text not null,
    partition int not null,
    position bigint not null,
    event_id uuid not null unique,
    type text not null,
    subject uuid not null,
    event_time timestamptz not null,
    sequence bigint,
    tenant_id uuid not null,
    workspace_id uuid,
    request_id uuid,
    causation_id uuid,
    traceparent text,
    data bytea not null,
    logged_at timestamptz not null default now(),
    primary key (topic, partition, position)
);

create table relay_cursor (
    topic text not null,
    partition int not null,
    logged bigint not null default 0,
    published bigint not null default 0,
    primary key (topic, partition)
);

create table replay_asked (
    topic text not null,
    partition int not null,
    after bigint not null,
    asked_at timestamptz not null default now(),
    primary key (topic, partition)
);

create table consumer_position (
    source text not null,
    topic text not null,
    partition int not null,
    position bigint not null,
    primary key (source, topic, partition)
);

create table consumer_gap (
    source text not null,
    topic text not null,
    partition int not null,
    after bigint not null,
    noticed_at timestamptz not null default now(),
    asked_at timestamptz,
    primary key (source, topic, partition)
);

create table handled_request (
    request_id uuid primary key,
    answer bytea,
    answer_type text,
    handled_at timestamptz not null default now()
);

create table parked (
    event_id uuid primary key,
    source text not null,
    topic text not null,
    partition int not null,
    record_offset bigint not null,
    headers jsonb not null,
    value bytea not null,
    reason text not null,
    attempts int not null default 0,
    parked_at timestamptz not null default now(),
    due_at timestamptz not null
);
create index parked_due on parked (due_at);

create table dead_letters (
    id bigint generated always as identity primary key,
    topic text not null,
    partition int not null,
    record_offset bigint not null,
    record_key bytea,
    headers jsonb not null,
    value bytea,
    code text not null,
    reason text not null,
    attempts int not null default 1,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    replay_asked_at timestamptz,
    replayed_at timestamptz,
    unique (topic, partition, record_offset, code)
);
"""

HALT_AND_GAP_CHANGES = """
create table consumer_halt (
    is_one boolean primary key default true check (is_one),
    reason text not null,
    halted_at timestamptz not null default now()
);
alter table consumer_gap add column known bigint;
"""

UNKNOWN_TYPE_CHANGES = """
alter table dead_letters add column type text generated always as (
    left(jsonb_path_query_array(headers, 'strict $[*] ? (@[0] == "ce_type")[1]', '{}', true) ->> -1, 200)
) stored;
create index dead_letters_unknown on dead_letters (type, id) where code = 'unknown_type' and replayed_at is null;
"""
"""The type as the headers have it, which is base64, whichever version keeps the row; a stranger's may be too long for an index."""
