"""Ownership of event types: every type has one owner, and events from other services are refused."""

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
"""First word of an event type -> the service that owns it: `payment` for `payment.verified`.

A new type should begin with a word that its owner already has. A new word has to be released before the first type that
begins with it, because a release refuses types without an owner.
"""


def owner_of(event_type: str) -> str | None:
    """Return the service that publishes `event_type`, also for a type of a newer release; None if it has no owner."""
    word, dot, _ = event_type.partition(".")
    return OWNERS.get(word) if dot else None


def publishable(service: str) -> str:
    """Return a regular expression of the routing keys of `service`: its own types, to all subscribers or to one."""
    words = "|".join(re.escape(word) for word, owner in OWNERS.items() if owner == service)
    return rf"^(to\.[a-z]+\.)?({words})\."
