"""Which service may say what: every event has one owner, and nobody else's word counts."""

import re
from collections.abc import Mapping
from types import MappingProxyType

OWNERS: Mapping[str, str] = MappingProxyType(
    {
        "registration": "registration",
        "waitlist": "registration",
        "race": "registration",
        "access": "registration",
        "payment": "payment",
        "notification": "notification",
        "participant": "checkin",
        "staff": "identity",
    }
)
"""The service that owns the types which begin with a word: `payment` for `payment.verified`.

A new type begins with a word that its owner has already. A new word is a release ahead of the first type under it,
since a release refuses what nobody owns.
"""


def owner_of(event_type: str) -> str | None:
    """The service that publishes `event_type`, also one of a newer release; None when nobody does."""
    word, dot, _ = event_type.partition(".")
    return OWNERS.get(word) if dot else None


def publishable(service: str) -> str:
    """A regular expression of the routing keys that `service` publishes under: its own types, to all or to one."""
    words = "|".join(re.escape(word) for word, owner in OWNERS.items() if owner == service)
    return rf"^(to\.[a-z]+\.)?({words})\."
