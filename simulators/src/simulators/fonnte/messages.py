"""A WhatsApp message on its way."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from simulators.attachments import Attachment


class Status(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"


@dataclass(slots=True)
class WhatsAppMessage:
    """One message to one recipient. `due_at` is when it may leave; `stateid` is what later updates name it by."""

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
