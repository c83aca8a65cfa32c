"""What a registration costs: phases, discounts of promo codes, and the limits of their uses.

Uses count participants: a group of five takes five uses of its promo code, and of its phase.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from chassis.errors import InvalidFields
from contracts import RegistrationType

from registration.catalog.rules import CategorySnapshot, Quote
from registration.prices.errors import (
    AMOUNT_RANGE,
    NO_ACCESS,
    NO_LONGER_VALID,
    NO_VALUE,
    NOT_YET_VALID,
    OTHER_TYPE,
    PERCENT_RANGE,
    USED_BY_PERSON,
    PromoCodeRequired,
    PromoNotValid,
    PromoUsedUp,
    TypeNotOffered,
)

CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Characters of generated codes: without 0, 1, I, L and O, which are read for others, and without U."""

GENERATED_LENGTH: Final = 10
"""Random characters of a generated code, 49 bits."""

_NOTHING: Final = Decimal("0.00")
_WHOLE: Final = Decimal(1)
_PERCENT: Final = Decimal(100)


class PromoKind(StrEnum):
    """What a code gives: a share of the amount, an amount for each participant, or only access."""

    PERCENT = "percent"
    AMOUNT = "amount"
    ACCESS = "access"


def require_value(kind: PromoKind, value: Decimal) -> None:
    """Check the value of a promo code.

    Raises:
        InvalidFields.
    """
    match kind:
        case PromoKind.PERCENT:
            fits, wording = 0 < value <= _PERCENT, PERCENT_RANGE
        case PromoKind.AMOUNT:
            fits, wording = value > 0, AMOUNT_RANGE
        case PromoKind.ACCESS:
            fits, wording = value == 0, NO_VALUE
    if not fits:
        raise InvalidFields(("value", wording))


@dataclass(frozen=True, slots=True)
class Promo:
    """A promo code, as a registration for one category meets it.

    Attributes:
        value: percent, or the amount for each participant; 0 for access.
        types: of registrations that may use it; None for all.
        uses_left: None if it is not limited.
        max_per_person: maximum uses by one person in charge, who is recognised by e-mail address or WhatsApp number.
    """

    promo_id: UUID
    code: str
    kind: PromoKind
    value: Decimal
    grants_access: bool
    types: tuple[RegistrationType, ...] | None
    valid_from: datetime | None
    valid_until: datetime | None
    is_active: bool
    uses_left: int | None
    max_per_person: int | None

    def discount(self, amount: Decimal, size: int) -> Decimal:
        """Return what is taken off `amount` for so many participants: whole rupiah, at most the amount itself."""
        match self.kind:
            case PromoKind.PERCENT:
                whole = (amount * self.value / _PERCENT).quantize(_WHOLE, ROUND_HALF_UP)
                return min(amount, whole + _NOTHING)
            case PromoKind.AMOUNT:
                return min(amount, self.value * size)
            case PromoKind.ACCESS:
                return _NOTHING

    def require(self, kind: RegistrationType, now: datetime) -> None:
        """Check that a registration of this type may use the code at `now`, apart from its uses.

        Raises:
            PromoNotValid.
        """
        if not self.is_active or (self.valid_until is not None and now >= self.valid_until):
            raise PromoNotValid(NO_LONGER_VALID)
        if self.valid_from is not None and now < self.valid_from:
            raise PromoNotValid(NOT_YET_VALID)
        if self.types is not None and kind not in self.types:
            raise PromoNotValid(OTHER_TYPE)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a registration, agreed when it is admitted.

    Attributes:
        list_amount: before the discount of the promo code.
        phase_id: None if the category's own price applied.
        counters: of the phase and the promo code, those whose uses are counted.
    """

    list_amount: Decimal
    discount: Decimal = _NOTHING
    phase_id: UUID | None = None
    phase: str | None = None
    promo_id: UUID | None = None
    promo_code: str | None = None
    counters: tuple[UUID, ...] = ()

    @property
    def amount(self) -> Decimal:
        """Return what has to be paid."""
        return self.list_amount - self.discount

    @property
    def is_plain(self) -> bool:
        """Return whether it is the category's own price, without a promo code."""
        return self.phase_id is None and self.promo_id is None


def listed(quote: Quote) -> Price:
    """Return the price without a promo code."""
    phase = quote.phase
    if phase is None:
        return Price(quote.amount)
    counters = () if phase.left is None else (phase.phase_id,)
    return Price(quote.amount, phase_id=phase.phase_id, phase=phase.name, counters=counters)


def discounted(price: Price, promo: Promo, size: int) -> Price:
    """Return the price with a promo code."""
    return Price(
        list_amount=price.list_amount,
        discount=promo.discount(price.list_amount, size),
        phase_id=price.phase_id,
        phase=price.phase,
        promo_id=promo.promo_id,
        promo_code=promo.code,
        counters=price.counters if promo.uses_left is None else (*price.counters, promo.promo_id),
    )


def contacts(email: str, whatsapp: str) -> tuple[str, str]:
    """Return by what a person in charge is recognised: e-mail address without regard to case, and WhatsApp number."""
    return email.lower(), whatsapp


@dataclass(frozen=True, slots=True)
class Asked:
    """What a registration asks for: its type, its promo code if it has one, and its person in charge if known.

    Attributes:
        contacts: of the person in charge, in the form of `contacts`.
    """

    kind: RegistrationType
    code: str | None
    contacts: tuple[str, ...] = ()

    def keys(self, promo: Promo) -> list[tuple[UUID, str]]:
        """Return the keys by which a limit per person counts this use of the code; none if there is no such limit."""
        if promo.max_per_person is None:
            return []
        return [(promo.promo_id, contact) for contact in self.contacts]


@dataclass(frozen=True, slots=True)
class PricingData:
    """What the database knows of the promo codes and phases that registrations ask for.

    Attributes:
        promos: by code; those that the category does not have are missing.
        phases_left: participants left by counted phase.
        by_person: uses so far by promo code and contact, of codes with a limit per person.
    """

    promos: Mapping[str, Promo] = field(default_factory=dict)
    phases_left: Mapping[UUID, int] = field(default_factory=dict)
    by_person: Mapping[tuple[UUID, str], int] = field(default_factory=dict)

    @property
    def has_limit_per_person(self) -> bool:
        """Return whether a code among them has a limit per person."""
        return any(each.max_per_person is not None for each in self.promos.values())

    def limited_per_person(self, asked: Iterable[Asked]) -> list[tuple[UUID, str]]:
        """Return code and contact of each use that a limit per person may refuse."""
        promos = [(each, self.promos.get(each.code or "")) for each in asked]
        return [key for each, promo in promos if promo is not None for key in each.keys(promo)]


@dataclass(frozen=True, slots=True)
class _Offer:
    """What all registrations of one type with the same promo code pay, as long as their phase has enough left."""

    price: Price
    promo: Promo | None
    size: int
    counted_phase: UUID | None


class Pricing:
    """Prices registrations of one category, one after the other. Each takes its uses from what is left for the next.

    Args:
        category: its prices and phases.
        data: what is left, newer than the category.
        now: decides which phases and codes are in force.
    """

    def __init__(self, category: CategorySnapshot, data: PricingData, now: datetime) -> None:
        self._category = category
        self._promos = data.promos
        self._now = now
        self._left = {each.phase_id: each.left for each in category.phases if each.left is not None}
        self._left |= data.phases_left
        self._left |= {each.promo_id: each.uses_left for each in data.promos.values() if each.uses_left is not None}
        self._by_person = dict(data.by_person)
        self._offers: dict[tuple[RegistrationType, str | None], _Offer] = {}

    def price(self, asked: Asked) -> Price:
        """Return the price and take its uses.

        Raises:
            TypeNotOffered, PromoNotValid, PromoUsedUp, PromoCodeRequired: nothing was taken.
        """
        offer = self._offers.get((asked.kind, asked.code))
        if offer is None or not self._holds(offer):
            offer = self._offers[asked.kind, asked.code] = self._offer(asked, self.promo_of(asked))
        if offer.promo is not None:
            self._require_uses(offer.promo, offer.size, asked)
        return self._take(offer, asked)

    def price_without_code(self, asked: Asked) -> Price:
        """Return the price without the promo code, also where one is required, and take its uses.

        Raises:
            TypeNotOffered.
        """
        return self._take(self._offer(asked, None), asked)

    def promo_of(self, asked: Asked) -> Promo | None:
        """Return the promo code, which is valid whether or not it has uses left; None if there is none.

        Raises:
            TypeNotOffered, PromoNotValid, PromoCodeRequired.
        """
        needed = self._category.needs_code(self._quote(asked).phase)
        if asked.code is None:
            if needed:
                raise PromoCodeRequired
            return None
        promo = self._promos.get(asked.code)
        if promo is None:
            raise PromoNotValid
        promo.require(asked.kind, self._now)
        if needed and not promo.grants_access:
            raise PromoNotValid(NO_ACCESS)
        return promo

    def _quote(self, asked: Asked) -> Quote:
        quote = self._category.quote(asked.kind, self._now, left=self._left)
        if quote is None:
            raise TypeNotOffered
        return quote

    def _offer(self, asked: Asked, promo: Promo | None) -> _Offer:
        price, size = listed(self._quote(asked)), asked.kind.size
        counted = price.phase_id if price.counters else None
        return _Offer(price if promo is None else discounted(price, promo, size), promo, size, counted)

    def _holds(self, offer: _Offer) -> bool:
        return offer.counted_phase is None or self._left[offer.counted_phase] >= offer.size

    def _require_uses(self, promo: Promo, size: int, asked: Asked) -> None:
        left = self._left.get(promo.promo_id)
        if left is not None and size > left:
            raise PromoUsedUp(uses_left=left)
        for key in asked.keys(promo):
            if self._by_person.get(key, 0) + size > (promo.max_per_person or 0):
                raise PromoUsedUp(USED_BY_PERSON)

    def _take(self, offer: _Offer, asked: Asked) -> Price:
        for counter in offer.price.counters:
            self._left[counter] -= offer.size
        for key in asked.keys(offer.promo) if offer.promo is not None else ():
            self._by_person[key] = self._by_person.get(key, 0) + offer.size
        return offer.price

    def used_up(self) -> frozenset[str]:
        """Return the codes of which no use is left."""
        return frozenset(code for code, promo in self._promos.items() if self._left.get(promo.promo_id) == 0)
