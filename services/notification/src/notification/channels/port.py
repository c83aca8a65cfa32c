"""The port: what is sent, and how it can end. One implementation per channel."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

QR_CONTENT_ID = "ticket-qr@startline"
"""Under which a mail's page finds the ticket's QR image."""


class Security(StrEnum):
    """How the connection to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Outcome(StrEnum):
    """How one attempt ended. `unknown`: the provider may or may not have the message."""

    SENT = "sent"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    SENDER_FAILURE = "sender_trouble"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TicketFiles:
    """What an e-ticket mail carries: the QR image shown in it and the PDF to print."""

    qr_png: bytes
    pdf: bytes
    pdf_name: str


@dataclass(frozen=True)
class OutboundMessage:
    """A message ready to leave. `recipient` is in canonical form, or as typed if it has none."""

    id: UUID
    recipient: str
    recipient_name: str
    body: str
    subject: str = ""
    html: str = ""
    ticket: TicketFiles | None = field(default=None, repr=False)


class Culprit(StrEnum):
    """Where the cause of a failure lies, as far as the conversation tells.

    sender: nothing had been said about the message yet. recipient: their server or number may be it, until another
    recipient meets the same. either: the provider does not say.
    """

    SENDER = "sender"
    RECIPIENT = "recipient"
    EITHER = "either"


class MessageChannel(Protocol):
    """Sends one message."""

    async def send(self, message: OutboundMessage) -> str | None:
        """Return once the provider has accepted the message, with its id there if it has one.

        Raises:
            TemporaryFailure, PermanentFailure, SenderTrouble, OutcomeUnknown.
        """
