"""The default templates."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from notification.messages.rules import Channel, EventType, Locale
from notification.templates import english, indonesian
from notification.templates.rules import Template


class Variant(StrEnum):
    """Another default text for a case that the event type does not tell.

    Attributes:
        UNPAID: of a registration that was reopened without a proof.
        CORRECTED: of a refund whose reference was corrected.
    """

    UNPAID = "unpaid"
    CORRECTED = "corrected"


_BY_LOCALE: Final = {Locale.INDONESIAN: indonesian.TEXTS, Locale.ENGLISH: english.TEXTS}
_VARIANTS: Final[Mapping[tuple[EventType, Variant], Mapping[Locale, Template]]] = {
    (EventType.REGISTRATION_REOPENED, Variant.UNPAID): {
        Locale.INDONESIAN: indonesian.REOPENED_UNPAID,
        Locale.ENGLISH: english.REOPENED_UNPAID,
    },
    (EventType.PAYMENT_REFUND_DONE, Variant.CORRECTED): {
        Locale.INDONESIAN: indonesian.REFUND_CORRECTED,
        Locale.ENGLISH: english.REFUND_CORRECTED,
    },
}


def default_template(
    event_type: EventType, channel: Channel, locale: Locale, variant: Variant | None = None
) -> Template:
    """Return the default template, or its variant if it has that one. Those for WhatsApp have no subject."""
    by_locale = _VARIANTS.get((event_type, variant)) if variant else None
    template = by_locale[locale] if by_locale else _BY_LOCALE[locale][event_type]
    return template if channel is Channel.EMAIL else Template(body=template.body)
