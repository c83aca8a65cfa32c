"""Logging of error texts of providers. Staff see codes instead."""

import re

from chassis.telemetry import logger

log = logger(__name__)

_PERSONAL = re.compile(r"\S+@\S+|\+?[0-9][0-9 ()-]{6,}[0-9]")
_LONGEST = 200


def log_provider_text(code: str, words: str) -> None:
    """Log the text of a provider and the code that staff see, without addresses and phone numbers."""
    log.warning("provider_trouble_met", code=code, words=redacted(words))


def redacted(words: str) -> str:
    """Return `words` on one line without e-mail addresses and phone numbers."""
    return " ".join(_PERSONAL.sub("…", words).split())[:_LONGEST]
