"""Checking who sent an event: only the service that owns its type may."""

from enum import StrEnum

from contracts import MalformedEvent, parse_head
from contracts.ownership import owner_of

ANY_SERVICE = "*"
"""The sender where all services share one login of the broker, so that it cannot tell them apart."""

NO_SENDER = ""
"""The sender of a message that does not say whose it is."""

UNSIGNED_BY = "unsigned:"
"""Begins the sender of such a message where the broker's permissions tell which service may publish under its key."""


class Refusal(StrEnum):
    """Why an event is refused."""

    UNREADABLE = "unreadable"
    UNOWNED = "unowned"
    UNSIGNED = "unsigned"
    FORGED = "forged"


class Refused(ValueError):
    """The event reaches no handler."""

    def __init__(self, refusal: Refusal, told: str) -> None:
        super().__init__(told)
        self.refusal = refusal


def require_owner(body: bytes, sender: str) -> None:
    """Check that an event was sent by the service that owns its type.

    Args:
        sender: the service that the transport authenticated, `ANY_SERVICE`, `NO_SENDER`, or `UNSIGNED_BY` and the
            service whose routing key it came under.

    Raises:
        Refused: the event cannot be read, its type has no owner, or its sender is missing or another service.
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
