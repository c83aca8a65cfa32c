"""The texts that hold until staff write their own."""

from notification.messages.rules import Channel, EventType, Locale
from notification.templates import english, indonesian
from notification.templates.rules import Template

_BY_LOCALE = {Locale.INDONESIAN: indonesian.TEXTS, Locale.ENGLISH: english.TEXTS}


def default_template(event_type: EventType, channel: Channel, locale: Locale) -> Template:
    """The text that holds unless staff wrote another. WhatsApp has no subject."""
    template = _BY_LOCALE[locale][event_type]
    return template if channel is Channel.EMAIL else Template(body=template.body)
