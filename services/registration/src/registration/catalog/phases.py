"""Phases of prices: reading them, and how categories are answered with the prices of now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.web.models import Amount, View
from contracts import RegistrationType
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.rules import PricePhase, PriceTable


class PhaseView(View):
    """The phase of prices that is in force.

    It ends at `ends_at` or when no more participants are `left`; either may be null. With `code_required` a promo code
    that grants access is needed until then.
    """

    name: str
    ends_at: datetime | None
    left: int | None
    code_required: bool


class PricesView(View):
    """Prices per participant by type of registration; null for a type that is not offered."""

    individual: Amount
    collective_5: Amount | None
    collective_10: Amount | None


class NextPricesView(View):
    """The prices after the phase in force: of the phase that follows, or the regular ones, whose `name` is null."""

    name: str | None
    prices: PricesView


_PHASES = text("""
    SELECT phase.category_id, phase.id, phase.name, phase.ends_at, phase.code_required, phase.price_individual,
           phase.price_collective_5, phase.price_collective_10, uses.max_uses - uses.used AS left
      FROM price_phases phase LEFT JOIN promo_uses uses ON uses.id = phase.id
     WHERE phase.category_id = ANY(CAST(:category_ids AS uuid[])) AND phase.is_active
     ORDER BY phase.position, phase.id
""")


async def active_phases(session: AsyncSession, category_ids: Sequence[UUID]) -> Mapping[UUID, tuple[PricePhase, ...]]:
    """Return the active phases of each category, in the order in which they apply; past ones are among them."""
    found: dict[UUID, tuple[PricePhase, ...]] = dict.fromkeys(category_ids, ())
    if not found:
        return found
    rows = (await session.execute(_PHASES, {"category_ids": list(category_ids)})).mappings().all()
    for row in rows:
        prices = {kind: price for kind, price in prices_of(row).items() if price is not None}
        phase = PricePhase(row["id"], row["name"], row["ends_at"], row["left"], prices, row["code_required"])
        found[row["category_id"]] += (phase,)
    return found


def prices_of(row: Mapping[Any, Any]) -> dict[RegistrationType, Decimal | None]:
    """Return the prices in the columns of a row, by type of registration."""
    return {kind: row[f"price_{kind.value}"] for kind in RegistrationType}


def with_prices(
    row: Mapping[Any, Any], phases: tuple[PricePhase, ...], now: datetime, *, public: bool
) -> dict[str, Any]:
    """Return the fields of a category with its phase and its prices at `now`.

    Args:
        public: whether `price_*` are what has to be paid now; for staff they are what they set.
    """
    table = PriceTable(prices_of(row), phases)
    phase = table.phase(now)
    current = {kind.value: table.each(kind, table.phase(now, size=kind.size)) for kind in RegistrationType}
    shown = {f"price_{kind}": price for kind, price in current.items()} if public else {}
    regular = {kind.value: price for kind, price in table.prices.items()}
    return {
        **row,
        **shown,
        "price_phase": phase,
        "next_prices": None if phase is None else _next_prices(table, phase, now),
        "current_prices": current,
        "regular_prices": regular,
    }


def _next_prices(table: PriceTable, phase: PricePhase, now: datetime) -> dict[str, Any]:
    following = table.after(phase, now)
    prices = {kind.value: table.each(kind, following) for kind in RegistrationType}
    return {"name": following.name if following else None, "prices": prices}
