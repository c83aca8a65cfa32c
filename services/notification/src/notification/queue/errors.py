"""Refusals about messages in the log."""

from chassis.errors import NotFound, StartlineError

from notification.limiter.rules import TEST_INTERVAL


class UnknownNotification(NotFound):
    """There is no such message."""

    code = "unknown_notification"
    indonesian = "Pesan ini tidak ditemukan."


class ChannelNotConfigured(StartlineError):
    """The channel has no account yet; `missing` says which settings are not set."""

    code = "channel_not_configured"
    indonesian = "Saluran ini belum punya akun; `missing` menyebut pengaturan yang belum diisi."


class TooManyTests(StartlineError):
    """A test message was sent through this channel a moment ago; wait 20 seconds."""

    code = "too_many_tests"
    indonesian = "Pesan uji lewat saluran ini baru saja dikirim; tunggu 20 detik."
    status = 429

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": str(int(TEST_INTERVAL.total_seconds()))})


class MessageWaiting(StartlineError):
    """The message has not been sent yet. It is sent when its turn comes."""

    code = "message_waiting"
    indonesian = "Pesan ini belum dikirim. Pesan akan dikirim pada gilirannya."


class MessageSuperseded(StartlineError):
    """A newer event made the message outdated, so it is not sent again."""

    code = "message_superseded"
    indonesian = "Isi pesan ini sudah tidak berlaku, jadi tidak dikirim lagi."
