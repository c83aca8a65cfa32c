"""Reading the settings: those of staff, or the defaults of the environment."""

from datetime import timedelta
from typing import Any

from chassis.secrets import SecretBox, UnreadableSecret
from chassis.telemetry import logger
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.channels.accounts import MailAccount, WhatsAppAccount
from notification.channels.port import Security
from notification.limiter.rules import Pace
from notification.messages.rules import Channel, Locale
from notification.preferences.rules import ChannelPreferences, Preferences
from notification.preferences.tables import NotificationSettings
from notification.settings import Settings

log = logger(__name__)


class PreferencesReader:
    """Loads settings with the environment's defaults and decrypts secrets."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.box = settings.secret_box()

    async def load(self, session: AsyncSession, *, for_update: bool = False) -> Preferences:
        """Return the effective settings."""
        row = select(NotificationSettings.__table__)
        chosen = (await session.execute(row.with_for_update() if for_update else row)).mappings().one()
        return Preferences(
            default_locale=Locale(self._plain(chosen, "default_locale")),
            channels={channel: self._channel(chosen, channel) for channel in Channel},
            whatsapp=WhatsAppAccount(
                device_id=self._plain(chosen, "fonnte_device_id"),
                token=self._secret(chosen["fonnte_api_key"], self._settings.fonnte_token.get_secret_value()),
                sealed=chosen["fonnte_api_key"] is not None,
            ),
            mail=self._mail(chosen),
        )

    def _channel(self, chosen: Any, channel: Channel) -> ChannelPreferences:
        return ChannelPreferences(
            enabled=self._plain(chosen, f"{channel}_enabled"),
            pace=Pace(
                delay=timedelta(seconds=self._plain(chosen, f"{channel}_delay_seconds")),
                max_per_minute=self._plain(chosen, f"{channel}_max_per_minute"),
            ),
            retry_limit=self._plain(chosen, f"{channel}_retry_limit"),
        )

    def _mail(self, chosen: Any) -> MailAccount:
        host, port = self._plain(chosen, "smtp_host"), self._plain(chosen, "smtp_port")
        return MailAccount(
            from_address=self._plain(chosen, "email_from_address"),
            from_name=self._plain(chosen, "email_from_name"),
            host=host,
            port=port,
            username=self._plain(chosen, "smtp_username"),
            password=self._secret(chosen["smtp_password"], self._password_for(host)),
            security=Security(self._plain(chosen, "smtp_security")),
            private_allowed=self._private_allowed(host, port),
        )

    def _private_allowed(self, host: str, port: int) -> bool:
        """Return whether the environment names this server, or allows private ones."""
        settings = self._settings
        return settings.smtp_private_allowed or (host, port) == (settings.smtp_host, settings.smtp_port)

    def _password_for(self, host: str) -> str:
        """Return the environment's password only for the environment's server."""
        return self._settings.smtp_password.get_secret_value() if host == self._settings.smtp_host else ""

    def _plain(self, chosen: Any, name: str) -> Any:
        return getattr(self._settings, name) if chosen[name] is None else chosen[name]

    def _secret(self, sealed: str | None, default: str) -> str:
        return default if sealed is None else _opened(self.box, sealed)


def _opened(box: SecretBox, sealed: str) -> str:
    try:
        return box.open(sealed)
    except UnreadableSecret:
        log.warning("stored_secret_unreadable")  # counts as not set; staff see that and can set it again
        return ""
