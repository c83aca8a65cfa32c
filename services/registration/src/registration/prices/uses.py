"""Counting the uses of limited promo codes and phases. No other folder writes `promo_uses`; a test checks this.

Uses are taken and given back in the transaction that takes or releases the places of the registration, while the places
of its category are locked: `category_places` comes before `promo_uses` in the lock order. Staff who change a limit lock
one counter and no places. Codes and phases without a limit have no counter, so that nothing happens for them here.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from chassis.database import UnitOfWork, constraint_of
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from registration.prices.errors import LimitBelowUses
from registration.prices.tables import PromoUses

COUNT = """
    UPDATE promo_uses AS counter SET used = counter.used + wanted.uses
      FROM taken, unnest(CAST(:counters AS uuid[]), CAST(:uses AS int[])) AS wanted(id, uses)
     WHERE counter.id = wanted.id AND counter.used + wanted.uses <= counter.max_uses
    RETURNING 1
"""
"""SQL that takes `:uses` of each of `:counters`; it returns no row for a counter that does not have so many left.

It is text for the `WITH` of the statement that takes the places as `taken`: nothing is counted if they do not suffice.
"""

# Several counters are locked in the order of their ids.
_HELD = """
    WITH held AS MATERIALIZED (
        SELECT id FROM promo_uses WHERE id = ANY(CAST(:counters AS uuid[])) ORDER BY id FOR UPDATE
    ), wanted AS (
        SELECT * FROM unnest(CAST(:counters AS uuid[]), CAST(:uses AS int[])) AS wanted(id, uses)
         WHERE id IN (SELECT id FROM held)
    )
"""

_LOCK = text("SELECT id FROM promo_uses WHERE id = ANY(CAST(:counters AS uuid[])) ORDER BY id FOR UPDATE")

_TAKE = text("""
    UPDATE promo_uses AS counter SET used = counter.used + wanted.uses
      FROM unnest(CAST(:counters AS uuid[]), CAST(:uses AS int[])) AS wanted(id, uses)
     WHERE counter.id = wanted.id
""")

_TAKE_AGAIN = text(f"""
    {_HELD}
    UPDATE promo_uses AS counter
       SET used = least(counter.max_uses, counter.used + wanted.uses),
           beyond = counter.beyond + greatest(0, counter.used + wanted.uses - counter.max_uses)
      FROM wanted WHERE counter.id = wanted.id
    RETURNING least(wanted.uses, counter.beyond)
""")  # noqa: S608  # only constants are inserted

_GIVE_BACK = text(f"""
    {_HELD}
    UPDATE promo_uses AS counter
       SET used = counter.used - greatest(0, wanted.uses - counter.beyond),
           beyond = greatest(0, counter.beyond - wanted.uses)
      FROM wanted WHERE counter.id = wanted.id
""")  # noqa: S608  # only constants are inserted

_LIMIT = text("""
    UPDATE promo_uses
       SET max_uses = CAST(:max_uses AS int), used = greatest(used, least(CAST(:max_uses AS int), used + beyond)),
           beyond = greatest(0, used + beyond - CAST(:max_uses AS int))
     WHERE id = :id
""")


async def create_counters(work: UnitOfWork, category_id: UUID, counters: Mapping[UUID, int]) -> None:
    """Insert the counters of new codes or phases, with the limit of each."""
    rows = [{"id": counter, "category_id": category_id, "max_uses": limit} for counter, limit in counters.items()]
    await work.session.execute(insert(PromoUses), rows)


async def change_limit(work: UnitOfWork, counter: UUID, limit: int) -> None:
    """Set another limit; uses beyond the old one count within the new one.

    Raises:
        LimitBelowUses.
    """
    try:
        async with work.session.begin_nested():
            await work.session.execute(_LIMIT, {"id": counter, "max_uses": limit})
    except IntegrityError as error:
        if constraint_of(error) not in ("ck_promo_uses_within_limit", "ck_promo_uses_beyond"):
            raise
        raise LimitBelowUses from None


async def lock(work: UnitOfWork, counters: Collection[UUID]) -> None:
    """Lock counters, so that staff do not change their limits either. Ids without a counter are passed over."""
    if counters:
        await work.session.execute(_LOCK, {"counters": list(counters)})


async def take(work: UnitOfWork, wanted: Mapping[UUID, int]) -> None:
    """Take uses that are left since `lock`. Admission does the same within its own statement.

    Raises:
        IntegrityError: they are not left.
    """
    if wanted:
        await work.session.execute(_TAKE, _values(wanted))


async def take_again(work: UnitOfWork, wanted: Mapping[UUID, int]) -> int:
    """Take the uses of a registration that comes back, also if none are left; return how many are beyond a limit.

    Ids without a counter are passed over.
    """
    if not wanted:
        return 0
    return sum((await work.session.execute(_TAKE_AGAIN, _values(wanted))).scalars())


async def give_back(work: UnitOfWork, uses: Mapping[UUID, int]) -> None:
    """Give uses back. Ids without a counter are passed over."""
    if uses:
        await work.session.execute(_GIVE_BACK, _values(uses))


def count_uses(agreed: Iterable[tuple[int, UUID | None, UUID | None]]) -> Counter[UUID]:
    """Return the uses of promo codes and phases, limited or not.

    Args:
        agreed: participants, phase and promo code of each registration or offer.
    """
    counts: Counter[UUID] = Counter()
    for participants, *ids in agreed:
        for each in ids:
            if each is not None:
                counts[each] += participants
    return counts


def _values(uses: Mapping[UUID, int]) -> dict[str, list[UUID] | list[int]]:
    return {"counters": list(uses), "uses": list(uses.values())}
