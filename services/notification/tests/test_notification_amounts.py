"""Messages about paying name the amount that the registration's page asks for, or lead to it."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from contracts import Payload
from notification.messages.rules import Channel, EventType, Locale
from notification.templates.defaults import Variant, default_template
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import Entry

UNIQUE = Decimal("149877.00")

TRANSFERRED = {
    Locale.INDONESIAN: "untuk transfer bank tepat jumlah yang tertera di halaman pendaftaran Anda",
    Locale.ENGLISH: "by bank transfer exactly the amount that your registration page shows",
}
UNASKED = [(EventType.REGISTRATION_CREATED, None), (EventType.REGISTRATION_REOPENED, Variant.UNPAID)]
"""Messages that are written without knowing in which way the runner pays."""


async def texts(driver: NotificationDriver, stage: Stage, entry: Entry, payload: Payload) -> Sequence[str]:
    """Return the texts of the message about an event, by WhatsApp and by mail."""
    await driver.lift_limits()
    for each in (entry.created(access=entry.code()), payload):
        await driver.deliver(each)
        await driver.send_due()
    return [(await stage.items(channel))[-1]["text"] for channel in ("whatsapp", "mail")]


@pytest.mark.parametrize(("payable", "named"), [(UNIQUE, "Rp149.877"), (None, "Rp150.000")])
async def test_a_refused_transfer_asks_for_the_amount_of_the_page(
    connected: NotificationDriver, stage: Stage, payable: Decimal | None, named: str
) -> None:
    entry = connected.new_entry()
    rejected = entry.rejected(at=connected.clock(), sequence=2).model_copy(update={"payable_amount": payable})

    sent = await texts(connected, stage, entry, rejected)

    assert all(f"bukti yang benar sebesar {named} sebelum" in text for text in sent), sent


@pytest.mark.parametrize(("received", "named"), [(UNIQUE, "Rp149.877"), (None, "Rp150.000")])
async def test_a_proof_is_acknowledged_with_what_it_is_over(
    connected: NotificationDriver, stage: Stage, received: Decimal | None, named: str
) -> None:
    entry = connected.new_entry()
    uploaded = entry.uploaded(at=connected.clock(), sequence=1).model_copy(update={"received": received})

    sent = await texts(connected, stage, entry, uploaded)

    assert all(f"bukti pembayaran {named} untuk" in text for text in sent), sent


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize(("event_type", "variant"), UNASKED)
def test_what_asks_for_the_price_leaves_the_amount_of_a_transfer_to_the_page(
    event_type: EventType, variant: Variant | None, channel: Channel, locale: Locale
) -> None:
    body = default_template(event_type, channel, locale, variant).body.replace(",", "")
    assert "{amount}" in body
    assert TRANSFERRED[locale] in body
