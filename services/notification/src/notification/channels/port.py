"""The port of channels: the message to send and its possible outcomes. Each channel has one implementation."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

QR_CONTENT_ID = "ticket-qr@startline"
"""Content id of the ticket's QR image in the HTML of a mail."""


class Security(StrEnum):
    """Encryption of the connection to a mail server."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Outcome(StrEnum):
    """Outcome of one attempt. `unknown`: the provider may or may not have accepted the message."""

    SENT = "sent"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    SENDER_FAILURE = "sender_trouble"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TicketFiles:
    """The files of an e-ticket mail: the inline QR image and the PDF."""

    qr_png: bytes
    pdf: bytes
    pdf_name: str


@dataclass(frozen=True)
class OutboundMessage:
    """A message to send. `recipient` is in canonical form, or as typed if it has none."""

    id: UUID
    recipient: str
    recipient_name: str
    body: str
    subject: str = ""
    html: str = ""
    ticket: TicketFiles | None = field(default=None, repr=False)


class Culprit(StrEnum):
    """The likely cause of a failure.

    sender: it failed before the message was named. recipient: the recipient's server or number, unless another
    recipient fails in the same way. either: the provider does not tell.
    """

    SENDER = "sender"
    RECIPIENT = "recipient"
    EITHER = "either"


class MessageChannel(Protocol):
    """Sends one message."""

    async def send(self, message: OutboundMessage) -> str | None:
        """Send a message and return the provider's id of it, or None if the provider assigns none.

        Raises:
            TemporaryFailure, PermanentFailure, SenderFailure, OutcomeUnknown.
        """
