"""Refusals about messages in the log."""

from chassis.errors import NotFound, StartlineError


class UnknownNotification(NotFound):
    """There is no such message."""

    code = "unknown_notification"
    indonesian = "Pesan ini tidak ditemukan."


class MessageWaiting(StartlineError):
    """The message has not been sent yet. It is sent when its turn comes."""

    code = "message_waiting"
    indonesian = "Pesan ini belum dikirim. Pesan akan dikirim pada gilirannya."


class MessageSuperseded(StartlineError):
    """A newer event made the message outdated, so it is not sent again."""

    code = "message_superseded"
    indonesian = "Isi pesan ini sudah tidak berlaku, jadi tidak dikirim lagi."
