"""Whose word an event is. A service's login could publish anything; only what its owner sent reaches a handler."""

from enum import StrEnum

from contracts import Head, MalformedEvent, parse_head
from contracts.ownership import owner_of

EVERYBODY = "*"
"""The sender where all services share one login of the broker, so that it cannot tell them apart."""

NOBODY = ""
"""The sender of a message that does not say whose it is."""


class Refusal(StrEnum):
    """Why an event is not listened to."""

    UNREADABLE = "unreadable"
    UNOWNED = "unowned"
    UNSIGNED = "unsigned"
    FORGED = "forged"


class Refused(ValueError):
    """An event that reaches no handler, now or later."""

    def __init__(self, refusal: Refusal, told: str) -> None:
        super().__init__(told)
        self.refusal = refusal


def vouch(body: bytes, sender: str) -> Head:
    """Return the head of an event that comes from the service that owns its type.

    Args:
        sender: the service that the transport knows to have sent it, `EVERYBODY` or `NOBODY`.

    Raises:
        Refused: it cannot be read, nobody owns its type, or another service or nobody sent it.
    """
    try:
        head = parse_head(body)
    except MalformedEvent:
        raise Refused(Refusal.UNREADABLE, "it is no event") from None
    owner = owner_of(head.type)
    if owner is None:
        raise Refused(Refusal.UNOWNED, "no service owns its type")
    if sender == NOBODY:
        raise Refused(Refusal.UNSIGNED, f"it does not say who sent it; {owner} owns its type")
    if sender not in (owner, EVERYBODY):
        raise Refused(Refusal.FORGED, f"{sender} sent it, {owner} owns its type")
    if head.source != owner:
        raise Refused(Refusal.FORGED, f"it names another source than {owner}, which owns its type")
    return head
