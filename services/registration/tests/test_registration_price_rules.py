"""What a registration costs, without a database: phases, discounts and limits."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts import RegistrationType
from hypothesis import given
from hypothesis import strategies as st
from registration.catalog.rules import CategorySnapshot, PricePhase
from registration.prices.commands import random_codes
from registration.prices.errors import PromoCodeRequired, PromoNotValid, PromoUsedUp, TypeNotOffered
from registration.prices.rules import CODE_ALPHABET, Asked, Price, Pricing, PricingData, Promo, PromoKind, contacts

ALONE, FIVE, TEN = RegistrationType
NOW = datetime(2030, 1, 1, 5, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)


def _phase(name: str = "Early bird", *, price: str = "100000.00", **fields: Any) -> PricePhase:
    values: dict[str, Any] = {"phase_id": uuid4(), "ends_at": None, "left": None, "prices": {ALONE: Decimal(price)}}
    return PricePhase(**{**values, "name": name, **fields})


def _category(*phases: PricePhase, code_required: bool = False) -> CategorySnapshot:
    return CategorySnapshot(
        category_id=uuid4(),
        category_name="5K",
        event_id=uuid4(),
        event_name="Jakarta Fun Run",
        event_date=date(2030, 5, 1),
        location="Senayan",
        timezone="Asia/Jakarta",
        race_revision=1,
        prefix="FR5K",
        currency="IDR",
        prices={ALONE: Decimal("150000.00"), FIVE: Decimal("140000.00"), TEN: None},
        is_active=True,
        opens_at=None,
        closes_at=None,
        payment_deadline=timedelta(hours=24),
        phases=phases,
        code_required=code_required,
    )


def _promo(**fields: Any) -> Promo:
    values: dict[str, Any] = {
        "promo_id": uuid4(),
        "code": "LARI20",
        "kind": PromoKind.PERCENT,
        "value": Decimal("20.00"),
        "grants_access": False,
        "types": None,
        "valid_from": None,
        "valid_until": None,
        "is_active": True,
        "uses_left": None,
        "max_per_person": None,
    }
    return Promo(**{**values, **fields})


def _pricing(category: CategorySnapshot, *promos: Promo, **data: Any) -> Pricing:
    return Pricing(category, PricingData({each.code: each for each in promos}, **data), NOW)


def _asked(kind: RegistrationType = ALONE, code: str | None = "LARI20", contact: str = "budi") -> Asked:
    return Asked(kind, code, contacts(f"{contact}@example.com", f"62{contact}"))


# --- phases


def _phase_at(category: CategorySnapshot, now: datetime, kind: RegistrationType = ALONE) -> str | None:
    quote = category.quote(kind, now)
    return quote.phase.name if quote and quote.phase else None


@pytest.mark.parametrize(
    ("now", "name"),
    [(NOW, "Presale"), (NOW + timedelta(days=1), "Early bird"), (NOW + timedelta(days=2), None)],
)
def test_a_phase_ends_at_its_time_and_the_next_one_follows(now: datetime, name: str | None) -> None:
    category = _category(
        _phase("Presale", ends_at=NOW + timedelta(days=1)), _phase("Early bird", ends_at=NOW + timedelta(days=2))
    )
    assert _phase_at(category, now) == name
    assert _phase_at(category, now - _MOMENT) is not None


def test_a_group_that_the_counted_phase_has_no_room_for_has_the_price_of_the_next_one() -> None:
    category = _category(_phase("First three", left=3), _phase("Early bird", price="120000.00", ends_at=NOW + _MOMENT))
    assert [_phase_at(category, NOW, kind) for kind in (ALONE, FIVE)] == ["First three", "Early bird"]


def test_a_type_without_a_price_in_the_phase_has_the_categorys_own_and_one_that_is_not_offered_has_none() -> None:
    category = _category(_phase(left=100, prices={ALONE: Decimal("0.00"), TEN: Decimal("1.00")}))
    amounts = {kind: quote.amount if (quote := category.quote(kind, NOW)) else None for kind in RegistrationType}
    assert amounts == {ALONE: Decimal(0), FIVE: Decimal("700000.00"), TEN: None}


# --- discounts


@pytest.mark.parametrize(
    ("kind", "value", "size", "amount", "discount"),
    [
        (PromoKind.PERCENT, "20", 1, "150000.00", "30000.00"),
        (PromoKind.PERCENT, "12.50", 1, "150001.00", "18750.00"),
        (PromoKind.PERCENT, "33.33", 5, "700000.00", "233310.00"),
        (PromoKind.PERCENT, "100", 1, "0.50", "0.50"),
        (PromoKind.AMOUNT, "25000.00", 5, "700000.00", "125000.00"),
        (PromoKind.AMOUNT, "200000.00", 1, "150000.00", "150000.00"),
        (PromoKind.ACCESS, "0", 1, "150000.00", "0.00"),
    ],
)
def test_a_discount_is_whole_rupiah_and_never_more_than_the_amount(
    kind: PromoKind, value: str, size: int, amount: str, discount: str
) -> None:
    promo = _promo(kind=kind, value=Decimal(value), grants_access=kind is PromoKind.ACCESS)
    assert str(promo.discount(Decimal(amount), size)) == discount


@given(st.decimals("0.01", 100, places=2), st.decimals(0, 999_999_999, places=2), st.sampled_from([1, 5, 10]))
def test_no_code_makes_a_price_negative(value: Decimal, amount: Decimal, size: int) -> None:
    for kind in (PromoKind.PERCENT, PromoKind.AMOUNT):
        assert 0 <= _promo(kind=kind, value=value).discount(amount, size) <= amount


def test_the_agreed_price_names_phase_and_code_and_is_the_list_amount_less_the_discount() -> None:
    phase, promo = _phase(left=10), _promo(uses_left=5)
    price = _pricing(_category(phase), promo).price(_asked())
    expected = Price(
        list_amount=Decimal("100000.00"),
        discount=Decimal("20000.00"),
        phase_id=phase.phase_id,
        phase="Early bird",
        promo_id=promo.promo_id,
        promo_code="LARI20",
        counters=(phase.phase_id, promo.promo_id),
    )
    assert (price, price.amount) == (expected, Decimal("80000.00"))


# --- validity


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "OTHER"}, "check how it is written"),
        ({"is_active": False}, "no longer valid"),
        ({"valid_until": NOW}, "no longer valid"),
        ({"valid_from": NOW + _MOMENT}, "not valid yet"),
        ({"types": (FIVE, TEN)}, "other types"),
    ],
)
def test_a_code_that_is_not_valid_says_why(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(PromoNotValid, match=said):
        _pricing(_category(), _promo(**fields)).price(_asked())


def test_a_code_is_valid_from_its_beginning_until_just_before_its_end() -> None:
    promo = _promo(valid_from=NOW, valid_until=NOW + _MOMENT, types=(ALONE,))
    assert _pricing(_category(), promo).price(_asked()).amount == Decimal("120000.00")


def test_a_type_that_is_not_offered_has_no_price_with_a_code_either() -> None:
    with pytest.raises(TypeNotOffered):
        _pricing(_category(), _promo()).price(_asked(TEN))


# --- access


@pytest.mark.parametrize("phases", [(), (_phase(left=5, code_required=True),)])
def test_a_category_or_phase_that_needs_a_code_takes_only_one_that_grants_access(phases: Sequence[PricePhase]) -> None:
    category = _category(*phases, code_required=not phases)
    with pytest.raises(PromoCodeRequired):
        _pricing(category).price(_asked(code=None))
    with pytest.raises(PromoNotValid, match="access"):
        _pricing(category, _promo()).price(_asked())
    opened = _pricing(category, _promo(kind=PromoKind.ACCESS, value=Decimal(0), grants_access=True)).price(_asked())
    assert opened.discount == 0


def test_after_the_phase_that_needs_a_code_anyone_may_register() -> None:
    category = _category(_phase(left=1, code_required=True))
    pricing = _pricing(category, _promo(grants_access=True))
    pricing.price(_asked())
    assert pricing.price(_asked(code=None)).amount == Decimal("150000.00")


# --- limits


def test_each_registration_takes_its_uses_from_what_is_left_for_the_next() -> None:
    pricing = _pricing(_category(), _promo(uses_left=6))
    pricing.price(_asked(FIVE))
    with pytest.raises(PromoUsedUp) as refused:
        pricing.price(_asked(FIVE))
    assert refused.value.extra == {"uses_left": 1}
    assert pricing.used_up() == frozenset()
    pricing.price(_asked())
    assert pricing.used_up() == {"LARI20"}


def test_newer_numbers_count_instead_of_those_of_the_category() -> None:
    phase = _phase(left=10)
    pricing = _pricing(_category(phase), phases_left={phase.phase_id: 1})
    prices = [pricing.price(_asked(code=None)) for _ in range(2)]
    assert [each.phase for each in prices] == ["Early bird", None]


def test_a_person_in_charge_is_recognised_by_address_or_number_in_any_spelling_of_case() -> None:
    promo = _promo(max_per_person=5)
    pricing = _pricing(_category(), promo, by_person={(promo.promo_id, "budi@example.com"): 4})
    pricing.price(Asked(ALONE, "LARI20", contacts("Budi@Example.com", "62811")))
    for known in (contacts("budi@example.com", "62812"), contacts("siti@example.com", "62811")):
        with pytest.raises(PromoUsedUp, match="one person"):
            pricing.price(Asked(FIVE, "LARI20", known))
    assert pricing.price(Asked(FIVE, "LARI20", contacts("siti@example.com", "62812"))).promo_code == "LARI20"


@given(st.lists(st.sampled_from(list(RegistrationType)[:2]), max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_no_order_of_arrivals_uses_a_code_or_a_phase_more_often_than_it_may_be(
    kinds: list[RegistrationType], code_uses: int, phase_uses: int
) -> None:
    phase, promo = _phase(left=phase_uses), _promo(uses_left=code_uses)
    pricing = _pricing(_category(phase), promo)
    used: dict[UUID, int] = {phase.phase_id: 0, promo.promo_id: 0}
    for kind in kinds:
        try:
            counters = pricing.price(_asked(kind)).counters
        except PromoUsedUp:
            continue
        for counter in counters:
            used[counter] += kind.size
    assert used[promo.promo_id] <= code_uses
    assert used[phase.phase_id] <= phase_uses


def test_personal_codes_are_different_and_have_more_than_forty_random_bits() -> None:
    codes = random_codes(1000, "GUEST")
    assert len(set(codes)) == 1000
    assert {code[:5] for code in codes} == {"GUEST"}
    assert {len(code) for code in codes} == {15}
    assert set("".join(code[5:] for code in codes)) <= set(CODE_ALPHABET)
    assert len(set(CODE_ALPHABET)) ** 10 > 2**40
