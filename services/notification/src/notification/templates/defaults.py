"""The default templates."""

from notification.messages.rules import Channel, EventType, Locale
from notification.templates import english, indonesian
from notification.templates.rules import Template

_BY_LOCALE = {Locale.INDONESIAN: indonesian.TEXTS, Locale.ENGLISH: english.TEXTS}
_REOPENED_UNPAID = {Locale.INDONESIAN: indonesian.REOPENED_UNPAID, Locale.ENGLISH: english.REOPENED_UNPAID}


def default_template(event_type: EventType, channel: Channel, locale: Locale, *, unpaid: bool = False) -> Template:
    """Return the default template. Those for WhatsApp have no subject.

    Args:
        unpaid: the message is about a registration that was reopened without a proof.
    """
    reopened_unpaid = unpaid and event_type is EventType.REGISTRATION_REOPENED
    template = _REOPENED_UNPAID[locale] if reopened_unpaid else _BY_LOCALE[locale][event_type]
    return template if channel is Channel.EMAIL else Template(body=template.body)
