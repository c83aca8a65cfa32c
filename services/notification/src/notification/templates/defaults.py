"""The default templates."""

from notification.messages.rules import Channel, EventType, Locale
from notification.templates import english, indonesian
from notification.templates.rules import Template

_BY_LOCALE = {Locale.INDONESIAN: indonesian.TEXTS, Locale.ENGLISH: english.TEXTS}


def default_template(event_type: EventType, channel: Channel, locale: Locale) -> Template:
    """Return the default template. Those for WhatsApp have no subject."""
    template = _BY_LOCALE[locale][event_type]
    return template if channel is Channel.EMAIL else Template(body=template.body)
