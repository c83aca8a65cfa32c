"""Reading promo codes, phases and their uses: for pricing, and for staff."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts import RegistrationType
from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.errors import UnknownCategory
from registration.catalog.queries import get_category
from registration.catalog.rules import CategorySnapshot
from registration.catalog.tables import RaceCategory
from registration.prices.errors import UnknownPricePhase, UnknownPromoCode
from registration.prices.rules import Asked, Price, Pricing, PricingData, Promo
from registration.prices.tables import PricePhaseRow, PromoCode, PromoUses

PRICING = """
    SELECT 'promo' AS kind, asked.code AS value, NULL AS request_hash, CAST(row_to_json(found) AS text) AS response
      FROM unnest(CAST(:codes AS text[])) AS asked(code), LATERAL (
           SELECT id AS promo_id, code, kind, CAST(value AS text) AS value, grants_access, types, valid_from,
                  valid_until, is_active, max_per_person,
                  CASE WHEN limited THEN (SELECT max_uses - used FROM promo_uses WHERE id = promo_codes.id) END
                  AS uses_left
             FROM promo_codes
            WHERE event_id = :event_id AND code = asked.code
              AND (category_id = :category_id OR category_id IS NULL)
            ORDER BY category_id LIMIT 1) AS found
    UNION ALL
    SELECT 'left', CAST(found.id AS text), NULL, CAST(found.uses_left AS text)
      FROM unnest(CAST(:phases AS uuid[])) AS asked(id), LATERAL (
           SELECT id, max_uses - used AS uses_left FROM promo_uses WHERE id = asked.id LIMIT 1) AS found
"""
"""SQL of the promo codes `:codes` of a category and of what is left of `:phases`, as parts of a longer `UNION ALL`.

A code of the category comes before one of the race. Each is looked up by itself: see ADR 15.
"""

_PRICING = text(PRICING)
_PROMO = TypeAdapter(Promo)


def pricing_values(category: CategorySnapshot, codes: Iterable[str | None], now: datetime) -> dict[str, Any]:
    """Return the parameters of `PRICING`."""
    return {
        "codes": sorted({code for code in codes if code is not None}),
        "phases": category.counted_phases(now),
        "event_id": category.event_id,
        "category_id": category.category_id,
    }


def pricing_data(rows: Iterable[Row[Any]]) -> PricingData:
    """Return what the rows of `PRICING` say; rows of other parts of the statement are passed over."""
    promos: dict[str, Promo] = {}
    phases_left: dict[UUID, int] = {}
    for row in rows:
        if row.kind == "promo":
            promos[row.value] = _PROMO.validate_json(row.response)
        elif row.kind == "left":
            phases_left[UUID(row.value)] = int(row.response)
    return PricingData(promos, phases_left)


async def read_pricing(
    session: AsyncSession, category: CategorySnapshot, asked: Sequence[Asked], *, now: datetime
) -> PricingData:
    """Return what is left of the codes and phases that registrations ask for.

    It is exact if the places of the category are locked.
    """
    values = pricing_values(category, (each.code for each in asked), now)
    data = pricing_data((await session.execute(_PRICING, values)).all())
    return await with_uses_by_person(session, data, asked)


async def with_uses_by_person(session: AsyncSession, data: PricingData, asked: Iterable[Asked]) -> PricingData:
    """Return the data with the uses by each person in charge, of the codes that have a limit per person."""
    keys = sorted(set(data.limited_per_person(asked)))
    if not keys:
        return data
    # The best plan depends on how many registrations there are, so it is made each time.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    values = {"promos": [promo_id for promo_id, _ in keys], "contacts": [contact for _, contact in keys]}
    rows = (await session.execute(_BY_PERSON, values)).all()
    await session.execute(text("SET LOCAL plan_cache_mode = auto"))
    return PricingData(data.promos, data.phases_left, {(row.promo_id, row.contact): row.uses for row in rows})


# Registrations are counted, and open offers of the waiting list, which hold their uses.
_BY_PERSON = text("""
    SELECT asked.promo_id, asked.contact, CAST(sum(used.total_participants) AS int) AS uses
      FROM unnest(CAST(:promos AS uuid[]), CAST(:contacts AS text[])) AS asked(promo_id, contact), LATERAL (
           SELECT r.total_participants FROM participants p JOIN registrations r ON r.id = p.registration_id
            WHERE lower(p.email) = asked.contact AND p.is_pic AND p.live AND r.promo_code_id = asked.promo_id
            UNION ALL
           SELECT r.total_participants FROM participants p JOIN registrations r ON r.id = p.registration_id
            WHERE p.whatsapp = asked.contact AND p.is_pic AND p.live AND r.promo_code_id = asked.promo_id
            UNION ALL
           SELECT e.total_participants FROM waitlist_participants w JOIN waitlist_entries e ON e.id = w.entry_id
            WHERE lower(w.email) = asked.contact AND w.is_pic AND w.live
              AND e.status = 'offered' AND e.promo_code_id = asked.promo_id
            UNION ALL
           SELECT e.total_participants FROM waitlist_participants w JOIN waitlist_entries e ON e.id = w.entry_id
            WHERE w.whatsapp = asked.contact AND w.is_pic AND w.live
              AND e.status = 'offered' AND e.promo_code_id = asked.promo_id) AS used
     GROUP BY asked.promo_id, asked.contact
""")


async def price_now(
    session: AsyncSession, category_id: UUID, code: str, kind: RegistrationType, *, now: datetime
) -> tuple[CategorySnapshot, Price]:
    """Return the category and what a registration of this type would cost with the code. It takes no uses.

    Raises:
        UnknownCategory, TypeNotOffered, PromoNotValid, PromoUsedUp, PromoCodeRequired.
    """
    category = await get_category(session, category_id)
    if category is None:
        raise UnknownCategory
    asked = Asked(kind, code)
    data = await read_pricing(session, category, [asked], now=now)
    return category, Pricing(category, data, now).price(asked)


async def phases_of(session: AsyncSession, category_id: UUID) -> Sequence[Mapping[str, Any]]:
    """Return all phases of a category in their order, past ones and those that are off, too, with their uses.

    Raises:
        UnknownCategory.
    """
    query = (
        select(PricePhaseRow, PromoUses)
        .outerjoin(PromoUses, PromoUses.id == PricePhaseRow.id)
        .where(PricePhaseRow.category_id == category_id)
        .order_by(PricePhaseRow.position, PricePhaseRow.id)
    )
    rows = (await session.execute(query)).all()
    if not rows and await session.get(RaceCategory, category_id) is None:
        raise UnknownCategory
    return [_with_limit(phase, uses, limit="max_participants") for phase, uses in rows]


async def phase_by_id(session: AsyncSession, phase_id: UUID) -> Mapping[str, Any]:
    """Return a phase with its uses.

    Raises:
        UnknownPricePhase.
    """
    phase = await session.get(PricePhaseRow, phase_id, populate_existing=True)
    if phase is None:
        raise UnknownPricePhase
    uses = await session.get(PromoUses, phase_id, populate_existing=True)
    return _with_limit(phase, uses, limit="max_participants")


@dataclass(frozen=True)
class PromoFilter:
    """Filter of promo codes; `q` is the beginning of a code. Codes of a whole race are not among a category's."""

    event_id: UUID | None = None
    category_id: UUID | None = None
    q: str | None = None
    is_active: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        found: list[ColumnElement[bool]] = []
        if self.event_id:
            found.append(PromoCode.event_id == self.event_id)
        if self.category_id:
            found.append(PromoCode.category_id == self.category_id)
        if self.q:
            found.append(PromoCode.code.startswith(self.q.upper(), autoescape=True))
        if self.is_active is not None:
            found.append(PromoCode.is_active.is_(self.is_active))
        return found


_COUNTED = text("""
    SELECT asked.id, (
           SELECT coalesce(sum(total_participants), 0) FROM registrations
            WHERE promo_code_id = asked.id
              AND status IN ('pending_payment', 'payment_uploaded', 'payment_verified')
           ) + (
           SELECT coalesce(sum(total_participants), 0) FROM waitlist_entries
            WHERE promo_code_id = asked.id AND status = 'offered'
           ) AS uses
      FROM unnest(CAST(:ids AS uuid[])) AS asked(id)
""")


async def promo_codes(
    session: AsyncSession, wanted: PromoFilter, *, limit: int, after: UUID | None
) -> Sequence[Mapping[str, Any]]:
    """Return promo codes with their uses, newest first; one more than `limit` if there are more."""
    query = (
        select(PromoCode, PromoUses)
        .outerjoin(PromoUses, PromoUses.id == PromoCode.id)
        .where(*wanted.conditions())
        .order_by(PromoCode.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(PromoCode.id < after)
    return await _with_uses(session, (await session.execute(query)).all())


async def promo_code_by_id(session: AsyncSession, promo_id: UUID) -> Mapping[str, Any]:
    """Return a promo code with its uses.

    Raises:
        UnknownPromoCode.
    """
    promo = await session.get(PromoCode, promo_id, populate_existing=True)
    if promo is None:
        raise UnknownPromoCode
    counter = await session.get(PromoUses, promo_id, populate_existing=True)
    [found] = await _with_uses(session, [(promo, counter)])
    return found


async def _with_uses(session: AsyncSession, rows: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Return codes with what their counters say; of codes without a limit, the uses are added up."""
    pairs = [(promo, counter) for promo, counter in rows]
    unlimited = [promo.id for promo, counter in pairs if counter is None]
    counted = {}
    if unlimited:
        counted = {row.id: row.uses for row in (await session.execute(_COUNTED, {"ids": unlimited})).all()}
    found = [_with_limit(promo, counter, limit="max_uses") for promo, counter in pairs]
    return [{**each, "uses": counted.get(each["id"], each["uses"])} for each in found]


def _with_limit(row: PricePhaseRow | PromoCode, counter: PromoUses | None, *, limit: str) -> dict[str, Any]:
    columns = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    if counter is None:
        return {**columns, limit: None, "uses": None, "uses_beyond": 0, "uses_left": None}
    return {
        **columns,
        limit: counter.max_uses,
        "uses": counter.used + counter.beyond,
        "uses_beyond": counter.beyond,
        "uses_left": counter.max_uses - counter.used,
    }
