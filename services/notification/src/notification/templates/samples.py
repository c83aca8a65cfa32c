"""Example data for previews: a value for every variable."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from notification.messages.rules import EventType, Locale
from notification.templates.rendering import Facts, LinkFacts, PersonalLink, UsdtFacts

SAMPLE_TICKET = "0123456789abcdef0123456789abcdef"
_SAMPLE_PATH = "/r/FR5K-00042/abcdefghijklmnopqrstuvw"
_REASONS: Mapping[Locale, str] = {
    Locale.INDONESIAN: "Jumlah pada bukti tidak terbaca",
    Locale.ENGLISH: "The amount on the proof cannot be read",
}
_USDT = UsdtFacts(
    amount=Decimal(11),
    missing=Decimal("10.03"),
    network="polygon",
    address="0x1234567890AbcdEF1234567890aBcdef12345678",
    tx_hash="0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
)
SAMPLE_LINKS = LinkFacts(
    (
        PersonalLink("FR5K-00042", "Budi Santoso", "Jakarta Fun Run", "5K", _SAMPLE_PATH),
        PersonalLink(
            None,
            "Budi Santoso",
            "Bandung Night Run",
            "10K",
            "/r/00000000-0000-4000-8000-000000000042/abcdefghijklmnopqrstuvw",
        ),
    )
)


def sample_facts(event_type: EventType, locale: Locale, *, now: datetime) -> Facts | LinkFacts:
    """Return example data of a message of this type."""
    if event_type is EventType.ACCESS_LINKS:
        return SAMPLE_LINKS
    return Facts(
        name="Budi Santoso",
        registration_number="FR5K-00042",
        event_name="Jakarta Fun Run",
        event_date=(now + timedelta(days=30)).date(),
        event_location="Gelora Bung Karno, Jakarta",
        category_name="5K",
        amount=Decimal("150000.00"),
        currency="IDR",
        payment_deadline=now + timedelta(hours=24),
        offer_deadline=now + timedelta(hours=12),
        position=3,
        bib_number=1042,
        ticket_code=SAMPLE_TICKET,
        ticket_number="TIX-FR5K00042-01",
        reason=_REASONS[locale],
        reference="BCA 20270214-0042",
        usdt=_USDT,
        status_path=_SAMPLE_PATH,
    )
