"""The effective settings of channels and accounts."""

from dataclasses import dataclass

from notification.channels.accounts import MailAccount, WhatsAppAccount
from notification.limiter.rules import Pace
from notification.messages.rules import Channel, Locale


@dataclass(frozen=True)
class ChannelPreferences:
    """Switch and limits of a channel."""

    enabled: bool
    pace: Pace
    retry_limit: int


@dataclass(frozen=True)
class Preferences:
    """All settings that can change while the service runs."""

    default_locale: Locale
    channels: dict[Channel, ChannelPreferences]
    whatsapp: WhatsAppAccount
    mail: MailAccount

    def missing(self, channel: Channel) -> str | None:
        """Return which settings of a channel's account are missing; None if it can send."""
        return self.whatsapp.missing if channel is Channel.WHATSAPP else self.mail.missing

    def is_set_up(self, channel: Channel) -> bool:
        """Return whether the channel has an account, including one whose secret cannot be decrypted."""
        return self.missing(channel) is None or (channel is Channel.WHATSAPP and self.whatsapp.sealed)
