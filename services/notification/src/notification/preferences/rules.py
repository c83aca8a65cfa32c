"""What staff chose, or the environment where they chose nothing."""

from dataclasses import dataclass, field

from notification.channels.port import Channel, Security
from notification.limiter.rules import Pace
from notification.templates.rules import Locale


@dataclass(frozen=True)
class ChannelPreferences:
    """One channel's switch and limits."""

    enabled: bool
    pace: Pace
    retry_limit: int


@dataclass(frozen=True)
class WhatsAppAccount:
    """The Fonnte device that sends. `sealed`: staff chose a token, also if the key is gone that could read it."""

    device_id: str
    token: str = field(repr=False)
    sealed: bool = False

    @property
    def missing(self) -> str | None:
        """What has to be set before anything can be sent; None when all is there."""
        return None if self.token else "fonnte_api_key is not set"


@dataclass(frozen=True)
class MailAccount:
    """The mail server and the address that sends.

    `private_allowed`: the server may have an address of this machine or network.
    """

    from_address: str
    from_name: str
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    security: Security
    private_allowed: bool = False

    @property
    def missing(self) -> str | None:
        """What has to be set before anything can be sent; None when all is there."""
        absent = [
            name for name, value in (("smtp_host", self.host), ("email_from_address", self.from_address)) if not value
        ]
        return f"{', '.join(absent)} not set" if absent else None


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
