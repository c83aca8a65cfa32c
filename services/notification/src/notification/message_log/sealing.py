"""Sealing of sent messages, and the hashes by which their recipients are found."""

from dataclasses import dataclass, field

from notification.channels.port import OutboundMessage
from notification.message_log.rules import SentContent, comparable, content_of, packed, unpacked
from notification.messages.rules import Channel
from notification.settings import Settings

_PURPOSE = "notification: recipients of sent messages"


@dataclass(frozen=True)
class SealedMessage:
    """A message as it is stored: the keyed hash of its recipient, and its content, sealed."""

    recipient_hash: bytes
    sealed: bytes = field(repr=False)


class MessageSealer:
    """Seals and opens sent messages with the keys of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._box = settings.secret_box()
        self._hash = settings.keyed_hash(_PURPOSE)

    def seal(self, channel: Channel, message: OutboundMessage) -> SealedMessage:
        """Return the message sealed."""
        content = packed(content_of(channel, message))
        return SealedMessage(self._hash.of(comparable(message.recipient)), self._box.seal_bytes(content))

    def open(self, sealed: bytes) -> SentContent:
        """Return the content of a sealed message.

        Raises:
            UnreadableSecret: its key is not configured any more.
        """
        return unpacked(self._box.open_bytes(sealed))

    def hashes_of(self, address: str) -> list[bytes]:
        """Return the hashes under which messages to a canonical address are stored."""
        return self._hash.all_of(comparable(address))
