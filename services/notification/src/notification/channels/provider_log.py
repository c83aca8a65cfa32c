"""Logging of error texts of providers. Staff see codes instead."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from chassis.telemetry import logger

log = logger(__name__)

_PERSONAL = re.compile(r"\S+@\S+|\+?[0-9][0-9 ()-]{6,}[0-9]")
_LONGEST = 200


_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


@contextmanager
def provider_texts() -> Iterator[list[str]]:
    """Collect what providers say inside the block, without addresses and phone numbers."""
    found: list[str] = []
    token = _heard.set(found)
    try:
        yield found
    finally:
        _heard.reset(token)


def note_provider_text(words: str) -> None:
    """Collect the text of a provider for `provider_texts`, without logging it."""
    found = _heard.get()
    if found is not None and words:
        found.append(redacted(words))


def log_provider_text(code: str, words: str) -> None:
    """Log the text of a provider and the code that staff see, without addresses and phone numbers."""
    note_provider_text(words)
    log.warning("provider_trouble_met", code=code, words=redacted(words))


def redacted(words: str) -> str:
    """Return `words` on one line without e-mail addresses and phone numbers."""
    return " ".join(_PERSONAL.sub("…", words).split())[:_LONGEST]
