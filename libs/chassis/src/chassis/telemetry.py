"""Logs as JSON lines with the correlation id, and the metrics that all services share."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

import structlog
from prometheus_client import Counter, Gauge, Histogram

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)

HTTP_SECONDS = Histogram(
    "startline_http_request_seconds",
    "Time to answer an HTTP request",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EVENTS_HANDLED = Counter("startline_events_handled_total", "Events taken in", ["service", "type", "outcome"])
EVENTS_PUBLISHED = Counter("startline_events_published_total", "Events confirmed by the transport", ["service", "type"])
OLDEST_OUTBOX_SECONDS = Gauge("startline_outbox_oldest_seconds", "Age of the oldest unpublished event", ["service"])
OLDEST_RETRY_SECONDS = Gauge("startline_retry_oldest_seconds", "Age of the oldest parked event", ["service"])
DEAD_LETTERS = Gauge("startline_dead_letters", "Events given up, waiting for a person", ["service"])


def correlation_id() -> str:
    """The id that ties together everything one request or event sets off."""
    current = _correlation_id.get()
    if current is None:
        current = uuid4().hex
        _correlation_id.set(current)
    return current


@contextmanager
def correlated(identifier: str) -> Iterator[None]:
    """Everything inside logs and publishes under `identifier`."""
    token = _correlation_id.set(identifier)
    try:
        yield
    finally:
        _correlation_id.reset(token)


def _add_correlation(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    current = _correlation_id.get()
    if current is not None:
        event.setdefault("correlation_id", current)
    return event


def configure_logging(level: str = "INFO") -> None:
    """Send our logs and those of the libraries to standard error, one JSON object a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_correlation,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpx", "httpcore", "aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A structured logger. Give it ids, never people."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
