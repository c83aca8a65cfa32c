"""Prices of offers: fixed when the places are offered, with the uses of phases and promo codes that they need."""

from collections.abc import Collection, Mapping
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import RegistrationType
from sqlalchemy import text

from registration.catalog.rules import CategorySnapshot
from registration.prices import uses
from registration.prices.errors import PromoCodeRequired, PromoNotValid, PromoUsedUp
from registration.prices.queries import read_pricing
from registration.prices.rules import Asked, Price, Pricing, PricingData, Promo, contacts
from registration.waitlist.tables import WaitlistEntry


async def require_code(
    work: UnitOfWork, category: CategorySnapshot, kind: RegistrationType, code: str | None
) -> Promo | None:
    """Return the promo code with which an entry joins, valid now; its uses are taken when places are offered.

    Raises:
        TypeNotOffered, PromoNotValid, PromoCodeRequired.
    """
    asked = Asked(kind, code)
    data = PricingData() if code is None else await read_pricing(work.session, category, [asked], now=work.now)
    return Pricing(category, data, work.now).promo_of(asked)


_CHOSEN = text("""
    SELECT e.id, e.registration_type, CASE WHEN e.promo_code_id IS NOT NULL THEN e.promo_code END AS promo_code,
           e.promo_code_id, w.email, w.whatsapp
      FROM waitlist_entries e JOIN waitlist_participants w ON w.entry_id = e.id AND w.is_pic
     WHERE e.id = ANY(CAST(:ids AS uuid[])) ORDER BY e.turn
""")


async def agree(work: UnitOfWork, category: CategorySnapshot, entry_ids: Collection[UUID]) -> Mapping[UUID, Price]:
    """Return the price of each entry, in their order, and take its uses. The places of the category are locked.

    An entry whose promo code is not valid any more, or used up, gets the price without it.

    Raises:
        TypeNotOffered.
    """
    rows = (await work.session.execute(_CHOSEN, {"ids": list(entry_ids)})).all()
    asked = {
        row.id: Asked(RegistrationType(row.registration_type), row.promo_code, contacts(row.email, row.whatsapp))
        for row in rows
    }
    counters = [*category.counted_phases(work.now), *(row.promo_code_id for row in rows if row.promo_code_id)]
    data = PricingData()
    if counters:
        await uses.lock(work, counters)
        data = await read_pricing(work.session, category, list(asked.values()), now=work.now)
    pricing = Pricing(category, data, work.now)
    prices = {entry_id: _price(pricing, each) for entry_id, each in asked.items()}
    counted = ((asked[entry_id].kind.size, counter) for entry_id, price in prices.items() for counter in price.counters)
    await uses.take(work, uses.count_uses((size, counter, None) for size, counter in counted))
    return prices


def _price(pricing: Pricing, asked: Asked) -> Price:
    try:
        return pricing.price(asked)
    except (PromoNotValid, PromoUsedUp, PromoCodeRequired):
        return pricing.price_without_code(asked)


def fixed_price(entry: WaitlistEntry) -> Price | None:
    """Return the price that was fixed in an offer; None in offers of an older release."""
    if entry.total_amount is None or entry.list_amount is None:
        return None
    return Price(
        list_amount=entry.list_amount,
        discount=entry.list_amount - entry.total_amount,
        phase_id=entry.price_phase_id,
        phase=entry.price_phase,
        promo_id=entry.promo_code_id,
        promo_code=entry.promo_code if entry.promo_code_id else None,
    )


async def give_back(work: UnitOfWork, offers: Collection[WaitlistEntry]) -> None:
    """Give back the uses of offers that ended without a registration."""
    held = ((each.total_participants, each.price_phase_id, each.promo_code_id) for each in offers)
    await uses.give_back(work, uses.count_uses(held))
