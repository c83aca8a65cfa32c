"""Final prices of the requests of a batch: promo codes, and phases that count their participants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chassis.database import UnitOfWork
from chassis.errors import StartlineError

from registration.admission.rules import RegistrationRequest
from registration.catalog.rules import CategorySnapshot
from registration.places.commands import lock_places
from registration.prices.queries import read_pricing, with_uses_by_person
from registration.prices.rules import Price, Pricing, PricingData

Requests = Mapping[int, RegistrationRequest]
"""Requests by their index in the batch, in order of arrival."""


@dataclass
class Priced:
    """The final prices of requests, in their order, and the errors of those that are refused, by index."""

    prices: dict[int, Price] = field(default_factory=dict)
    refused: dict[int, StartlineError] = field(default_factory=dict)


def undecided(requests: Iterable[RegistrationRequest]) -> list[RegistrationRequest]:
    """Return the requests whose price depends on what is left of a promo code or phase."""
    return [each for each in requests if not each.has_final_price]


async def pricing_of(
    work: UnitOfWork, category: CategorySnapshot, requests: Requests, data: PricingData | None
) -> Pricing | None:
    """Return the pricing of requests; None if all have their final price.

    Uses by a person are counted while the places are locked, since they have no counter that the insert could guard.

    Args:
        data: what was left a moment ago; None if it has to be read.
    """
    wanted = undecided(requests.values())
    if not wanted:
        return None
    if data is None:
        asked = [each.asked() for each in wanted]
        return Pricing(category, await read_pricing(work.session, category, asked, now=work.now), work.now)
    if data.has_limit_per_person:
        await lock_places(work, category.category_id)
        data = await with_uses_by_person(work.session, data, [each.asked() for each in wanted])
    return Pricing(category, data, work.now)


def price_all(pricing: Pricing | None, requests: Requests, *, places_left: int | None = None) -> Priced:
    """Price the requests, first come, first served.

    Args:
        places_left: leave out requests that need more; the others take theirs. None if there are enough.
    """
    priced = Priced()
    for index, request in requests.items():
        if places_left is not None and request.size > places_left:
            continue
        try:
            priced.prices[index] = _price(pricing, request)
        except StartlineError as refusal:
            priced.refused[index] = refusal
            continue
        if places_left is not None:
            places_left -= request.size
    return priced


def _price(pricing: Pricing | None, request: RegistrationRequest) -> Price:
    if pricing is None or request.has_final_price:
        return request.price
    return pricing.price(request.asked())
