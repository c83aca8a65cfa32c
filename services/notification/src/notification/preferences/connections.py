"""The channels of the current settings."""

from collections.abc import Callable, Mapping

from chassis.clock import Clock

from notification.channels.email import SmtpChannel, tls_context
from notification.channels.port import MessageChannel
from notification.channels.whatsapp import FonnteChannel
from notification.messages.rules import Channel
from notification.preferences.rules import Preferences
from notification.settings import Settings

Connect = Callable[[Preferences], MessageChannel]
"""Returns a channel that uses the account of these settings."""


def connections(settings: Settings, clock: Clock, *, limit: float) -> Mapping[Channel, Connect]:
    """Return how each channel is reached.

    Args:
        limit: seconds that sending one message may take.
    """
    return {Channel.WHATSAPP: _fonnte(settings, limit), Channel.EMAIL: _smtp(settings, clock, limit)}


def _fonnte(settings: Settings, limit: float) -> Connect:
    tls = tls_context()

    def connect(preferences: Preferences) -> FonnteChannel:
        return FonnteChannel(
            base_url=settings.fonnte_base_url,
            token=preferences.whatsapp.token,
            tls=tls,
            timeout=min(settings.send_timeout_seconds, limit),
            limit=limit,
        )

    return connect


def _smtp(settings: Settings, clock: Clock, limit: float) -> Connect:
    tls = tls_context(settings.smtp_ca_file)

    def connect(preferences: Preferences) -> SmtpChannel:
        return SmtpChannel(
            preferences.mail,
            tls=tls,
            timeout=min(settings.send_timeout_seconds, limit),
            limit=limit,
            clock=clock,
        )

    return connect
