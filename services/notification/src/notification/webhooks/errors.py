"""Refusals of webhooks."""

from chassis.errors import NotFound


class UnknownWebhook(NotFound):
    """There is nothing here."""

    indonesian = "Tidak ada apa-apa di sini."
    code = "unknown_webhook"
