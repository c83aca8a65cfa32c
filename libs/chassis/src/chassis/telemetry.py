"""Logs as JSON lines with the correlation id, and the common metrics of all services."""

import logging
import random
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)

HTTP_SECONDS = Histogram(
    "startline_http_request_seconds",
    "Time to answer an HTTP request",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
OPEN_STREAMS = Gauge("startline_open_streams", "Open streams of server-sent events", ["service"])
EVENTS_HANDLED = Counter("startline_events_handled_total", "Events received", ["service", "type", "outcome"])
EVENTS_REFUSED = Counter(
    "startline_events_refused_total",
    "Events that are unreadable or that their owner did not send",
    ["service", "reason"],
)
EVENTS_PUBLISHED = Counter("startline_events_published_total", "Events confirmed by the transport", ["service", "type"])
OLDEST_OUTBOX_SECONDS = Gauge("startline_outbox_oldest_seconds", "Age of the oldest unpublished event", ["service"])
OLDEST_RETRY_SECONDS = Gauge("startline_retry_oldest_seconds", "Age of the oldest parked event", ["service"])
DEAD_LETTERS = Gauge("startline_dead_letters", "Events given up, waiting for staff", ["service"])


_QUOTING = frozenset({"sqlalchemy", "asyncpg", "pydantic", "pydantic_core"})
"""Packages whose errors quote rows and fields."""


def correlation_id() -> str:
    """Return the id that connects everything caused by one request or event."""
    current = _correlation_id.get()
    if current is None:
        current = new_correlation_id()
        _correlation_id.set(current)
    return current


def new_correlation_id() -> str:
    """Return a new id. It is not a secret, so a fast random generator is enough."""
    return f"{random.getrandbits(128):032x}"


@contextmanager
def correlated(identifier: str) -> Iterator[None]:
    """Log and publish with the correlation id `identifier` inside the block."""
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


def _tell_error(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Render an error: always its classes and stack, and its text unless that may quote personal data."""
    error = _error_of(event.pop("exc_info", None))
    if error is None:
        return event
    event["exception"] = "".join(_story(error))
    words = str(error)
    if words:  # FastStream repeats the text in the event's name
        event["event"] = str(event["event"]).replace(words, _words_of(error))
    return event


def _error_of(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    elif exc_info and not isinstance(exc_info, BaseException):
        exc_info = sys.exc_info()[1]
    return exc_info or None


def _story(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _story(before)
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__name__}: {_words_of(error)}\n"
    for each in getattr(error, "exceptions", ()):
        yield from _story(each)


def _words_of(error: BaseException) -> str:
    if any(kind.__module__.partition(".")[0] in _QUOTING for kind in type(error).__mro__):
        return f"(left out) {getattr(error, 'sqlstate', None) or ''}".rstrip()
    return str(error)


_ours = {"startline"}
"""Packages that log through `logger` and follow the configured level."""


def configure_logging(level: str = "INFO") -> None:
    """Send the logs of the platform and its libraries to standard error, one JSON object per line.

    Libraries log nothing below INFO, whatever the level: their details are whole requests, rows and image metadata.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_correlation,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_error,
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
    root.setLevel(max(logging.INFO, logging.getLevelName(level)))
    for noisy in ("uvicorn.access", "httpx", "httpcore", "aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for package in _ours:
        logging.getLogger(package).setLevel(level)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a structured logger. Log ids, never personal data."""
    _ours.add(name.partition(".")[0])
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
