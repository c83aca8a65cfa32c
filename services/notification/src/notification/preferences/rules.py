"""What staff chose, or the environment where they chose nothing."""

from dataclasses import dataclass

from notification.channels.accounts import MailAccount, WhatsAppAccount
from notification.limiter.rules import Pace
from notification.messages.rules import Channel, Locale


@dataclass(frozen=True)
class ChannelPreferences:
    """One channel's switch and limits."""

    enabled: bool
    pace: Pace
    retry_limit: int


@dataclass(frozen=True)
class Preferences:
    """Everything that can change while running."""

    default_locale: Locale
    channels: dict[Channel, ChannelPreferences]
    whatsapp: WhatsAppAccount
    mail: MailAccount

    def missing(self, channel: Channel) -> str | None:
        """What a channel's account lacks; None when it can send."""
        return self.whatsapp.missing if channel is Channel.WHATSAPP else self.mail.missing

    def is_set_up(self, channel: Channel) -> bool:
        """Return whether the channel has an account, including one that cannot send at the moment."""
        return self.missing(channel) is None or (channel is Channel.WHATSAPP and self.whatsapp.sealed)
