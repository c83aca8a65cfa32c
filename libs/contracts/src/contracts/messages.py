"""What the notification service says."""

from typing import ClassVar
from uuid import UUID

from contracts.envelope import Payload


class NotificationFailed(Payload):
    """A message was given up: no more tries without a person."""

    TYPE: ClassVar[str] = "notification.failed"

    notification_id: UUID
    registration_id: UUID
    participant_id: UUID | None
    channel: str
    template: str
    reason: str
