"""Structured logs: one JSON object a line, with a stable event name and fields that carry ids only."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from shared.observability.repeats import RepeatsLeftOut
from shared.observability.tracing import current_request_id, current_traceparent


def configure_logging(service: str, level: str = "INFO") -> None:
    """Send every log line of this process to standard error as JSON, the libraries' own lines included."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_service(service),
        _without_values_of_exceptions,
    ]
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.addFilter(RepeatsLeftOut())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("aiokafka", "httpx", "httpcore", "faststream", "alembic", "uvicorn.access"):
        logging.getLogger(noisy).setLevel("WARNING")
    for library in ("asyncio", "aiokafka"):
        logging.getLogger(library).addFilter(_is_not_told_already)
    # The framework warns at every start that topics are not created by themselves, which is what we ask of it.
    logging.getLogger("mailwright.consumer").setLevel("ERROR")


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; the first argument of each call is the stable name of what happened."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


_TOLD_ALREADY = (
    "unexpected connection_lost() call",  # asyncpg forgets a future of its own when a server refuses a login
    "Unable connect to ",
    "Unable to update metadata from ",
)
"""Words of libraries about a database or broker that is away; whoever uses them says it in one line of its own."""


def _is_not_told_already(record: logging.LogRecord) -> bool:
    words = record.getMessage()
    return not any(told in words for told in _TOLD_ALREADY)


def _with_service(service: str) -> Any:
    def add(_: Any, __: str, entry: dict[str, Any]) -> dict[str, Any]:
        entry["service"] = service
        if traceparent := current_traceparent():
            entry["traceparent"] = traceparent
        if request_id := current_request_id():
            entry["request_id"] = str(request_id)
        return entry

    return add


def _without_values_of_exceptions(_: Any, __: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Replace a traceback by its frames and type: an exception's text may quote a body, an address or a secret."""
    info = entry.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        frames = []
        trace = info[2]
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        entry["error"] = info[0].__name__
        entry["frames"] = frames[-8:]
    return entry
