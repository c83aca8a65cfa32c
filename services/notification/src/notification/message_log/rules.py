"""Messages as they were sent, and their form for storing."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from notification.channels.port import OutboundMessage, Outcome
from notification.messages.rules import Channel

KEPT = frozenset({Outcome.SENT, Outcome.UNKNOWN, Outcome.PERMANENT})
"""Outcomes whose message is kept: it has left, may have left, or was refused for good."""


class ContentState(StrEnum):
    """Whether the content of an attempt can be shown.

    kept: it is in the answer. hidden: only admins see it. missing: it is not kept, since the attempt did not leave, was
    made by an older release or by a worker that died, or is older than the log keeps. unreadable: no configured key
    opens it.
    """

    KEPT = "kept"
    HIDDEN = "hidden"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class SentContent:
    """A message as it was sent. Of attachments only the names are kept."""

    channel: Channel
    recipient: str
    subject: str
    text: str
    html: str
    attachments: Sequence[str] = ()


def content_of(channel: Channel, message: OutboundMessage) -> SentContent:
    """Return what is kept of a message."""
    attachments = [] if message.ticket is None else [message.ticket.pdf_name]
    return SentContent(channel, message.recipient, message.subject, message.body, message.html, attachments)


def packed(content: SentContent) -> bytes:
    """Return the content compressed: sealed bytes cannot be compressed any more."""
    return zlib.compress(json.dumps(asdict(content), separators=(",", ":")).encode())


def unpacked(content: bytes) -> SentContent:
    """Return the content that `packed` compressed."""
    fields = json.loads(zlib.decompress(content))
    return SentContent(**{**fields, "channel": Channel(fields["channel"])})


def comparable(address: str) -> str:
    """Return the form of a canonical address that is hashed: addresses are compared without regard to case."""
    return address.lower()
