"""Events of the notification service."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Payload


class NotificationFailed(Payload):
    """A message was given up; it is not sent again unless staff do so."""

    TYPE: ClassVar[str] = "notification.failed"

    notification_id: UUID
    registration_id: UUID
    participant_id: UUID | None
    channel: str
    template: str
    reason: str


class OfferReceived(Payload):
    """The messages about an offer are queued and will be sent when their turn comes.

    `registration_id` and `revision` are those of `waitlist.offered`.
    """

    TYPE: ClassVar[str] = "notification.offer_received"

    registration_id: UUID
    revision: int
    received_at: AwareDatetime
