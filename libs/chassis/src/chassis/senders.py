"""Checking the sender of an event: only the service that owns its type may send it."""

from enum import StrEnum

from contracts import MalformedEvent, parse_head
from contracts.ownership import owner_of

ANY_SERVICE = "*"
"""The sender if all services share one login of the broker, which then cannot authenticate them."""

NO_SENDER = ""
"""The sender of a message that does not name its sender."""

UNSIGNED_BY = "unsigned:"
"""Prefix of the sender of such a message if the broker's permissions restrict who may publish with its key."""


class Refusal(StrEnum):
    """Why an event is refused."""

    UNREADABLE = "unreadable"
    UNOWNED = "unowned"
    UNSIGNED = "unsigned"
    FORGED = "forged"


class Refused(ValueError):
    """The event is not passed to a handler."""

    def __init__(self, refusal: Refusal, told: str) -> None:
        super().__init__(told)
        self.refusal = refusal


def require_owner(body: bytes, sender: str) -> None:
    """Check that an event was sent by the service that owns its type.

    Args:
        sender: the service that the transport authenticated, `ANY_SERVICE`, `NO_SENDER`, or `UNSIGNED_BY` followed by
            the service whose routing key was used.

    Raises:
        Refused: the event cannot be parsed, its type has no owner, or its sender is missing or another service.
    """
    try:
        head = parse_head(body)
    except MalformedEvent:
        raise Refused(Refusal.UNREADABLE, "it is no event") from None
    owner = owner_of(head.type)
    if owner is None:
        raise Refused(Refusal.UNOWNED, "no service owns its type")
    if head.source != owner:
        raise Refused(Refusal.FORGED, f"it names another source than {owner}, which owns its type")
    if sender not in (owner, ANY_SERVICE, NO_SENDER, f"{UNSIGNED_BY}{owner}"):
        raise Refused(Refusal.FORGED, f"{sender} sent it, {owner} owns its type")
    if sender not in (owner, ANY_SERVICE):
        raise Refused(Refusal.UNSIGNED, f"it does not say who sent it; {owner} owns its type")
