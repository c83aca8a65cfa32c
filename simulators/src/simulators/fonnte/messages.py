"""A WhatsApp message and its delivery status."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from simulators.attachments import Attachment


class Status(StrEnum):
    """Delivery status of a message."""

    WAITING = "waiting"
    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"


@dataclass(slots=True)
class WhatsAppMessage:
    """One message to one recipient. It is delivered from `due_at` on; `stateid` identifies it in later updates."""

    id: str
    stateid: str
    to: str
    text: str
    received_at: datetime
    due_at: datetime
    status: Status
    url: str | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def size(self) -> int:
        return len(self.text.encode()) + sum(attachment.size for attachment in self.attachments)
