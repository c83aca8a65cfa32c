"""What providers say, for the log only: viewers see codes."""

import re

from chassis.telemetry import logger

log = logger(__name__)

_PERSONAL = re.compile(r"\S+@\S+|\+?[0-9][0-9 ()-]{6,}[0-9]")
_LONGEST = 200


def log_provider_text(code: str, words: str) -> None:
    """Log a provider's words with the code that staff see, without addresses and phone numbers."""
    log.warning("provider_trouble_met", code=code, words=redacted(words))


def redacted(words: str) -> str:
    """Return `words` on one line without e-mail addresses and phone numbers, which servers like to repeat."""
    return " ".join(_PERSONAL.sub("…", words).split())[:_LONGEST]
