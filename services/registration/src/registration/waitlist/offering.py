"""Offering free places to the waiting list, and ending entries.

All of this happens while the category's places are locked. Places that become free are offered in the transaction that
releases them, so a new registration can never take them before the waiting list.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import RegisteredParticipant, RegistrationType, WaitlistEnd, WaitlistEnded, WaitlistOffered
from sqlalchemy import ColumnElement, Row, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from registration.access_codes import AccessCodes
from registration.catalog.queries import get_category
from registration.catalog.rules import CategorySnapshot
from registration.places import commands as places
from registration.places.rules import fitting
from registration.prices.rules import Price
from registration.waitlist.offer_prices import agree, give_back
from registration.waitlist.rules import IN_LINE, OfferTerms, WaitlistStatus, offer_ends, shares
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant

_AT_ONCE = 200
_ENDED_AT_ONCE = 1000


async def offer_free_places(work: UnitOfWork, category_id: UUID, *, terms: OfferTerms) -> None:
    """Offer free places in the order of the waiting list. A group gets all its places or none.

    For a prioritised group, free places are held until there are enough.
    """
    left = await _serve_prioritised(work, category_id, await places.lock_places(work, category_id) or 0, terms)
    while left and (line := await _candidates(work.session, category_id, left)):
        category = await get_category(work.session, category_id)
        if category is None or registration_over(category, work.now):
            return
        fits = fitting([row.size for row in line], left)
        chosen = [row for row, fit in zip(line, fits, strict=True) if fit]
        await _offer(work, category, [row.id for row in chosen], terms)
        left -= sum(row.size for row in chosen)


def registration_over(category: CategorySnapshot, now: datetime) -> bool:
    """Return whether the category is inactive or closed, which ends its waiting list, too."""
    return not category.is_active or category.closed(now)


# Entries that could not accept are skipped and keep their turn: registered elsewhere since, or groups without a price.
_COULD_ACCEPT = """
    CASE e.registration_type WHEN 'collective_5' THEN c.price_collective_5
         WHEN 'collective_10' THEN c.price_collective_10 ELSE c.price_individual END IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM waitlist_participants w
          JOIN participants p ON p.event_id = e.event_id AND p.person_key = w.person_key AND p.live
         WHERE w.entry_id = e.id)
"""

_LINE = text(f"""
    SELECT e.id, e.total_participants AS size
      FROM waitlist_entries e JOIN race_categories c ON c.id = e.race_category_id
     WHERE c.id = :category_id AND e.status = 'waiting' AND e.total_participants <= CAST(:places_left AS int)
       AND {_COULD_ACCEPT}
     ORDER BY e.turn LIMIT :at_most
""")  # noqa: S608  # only constants are inserted

_AHEAD = text(f"""
    SELECT e.id, e.places_held, CASE WHEN {_COULD_ACCEPT} THEN e.total_participants ELSE 0 END AS size
      FROM waitlist_entries e JOIN race_categories c ON c.id = e.race_category_id
     WHERE c.id = :category_id AND e.status = 'waiting' AND e.turn < 0 ORDER BY e.turn
""")  # noqa: S608  # only constants are inserted

_SAVE_UP = text("""
    UPDATE waitlist_entries e SET places_held = saved.places
      FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS int[])) AS saved(id, places)
     WHERE e.id = saved.id AND e.places_held <> saved.places
""")


async def _serve_prioritised(work: UnitOfWork, category_id: UUID, left: int, terms: OfferTerms) -> int:
    """Offer places to prioritised entries, or hold them until they suffice; return how many are left for others."""
    ahead = (await work.session.execute(_AHEAD, {"category_id": category_id})).all()
    if not ahead:
        return left
    category = await get_category(work.session, category_id)
    if category is None or registration_over(category, work.now):
        return left
    held: int = sum(row.places_held for row in ahead)
    given = shares([row.size for row in ahead], left + held)
    complete = [row.id for row, share in zip(ahead, given, strict=True) if share and share == row.size]
    saved = [0 if row.id in complete else share for row, share in zip(ahead, given, strict=True)]
    await work.session.execute(_SAVE_UP, {"ids": [row.id for row in ahead], "places": saved})
    await places.hold(work, category_id, sum(saved) - held)
    if complete:
        await _offer(work, category, complete, terms)
    return left + held - sum(given)


async def _candidates(session: AsyncSession, category_id: UUID, left: int) -> Sequence[Row[Any]]:
    values = {"category_id": category_id, "places_left": left, "at_most": _AT_ONCE}
    return (await session.execute(_LINE, values)).all()


async def first_to_be_offered(session: AsyncSession, category_id: UUID, left: int, *, now: datetime) -> UUID | None:
    """Return the entry that `offer_free_places` would offer places to first if `left` were free; None if none fits."""
    category = await get_category(session, category_id)
    if category is None or registration_over(category, now):
        return None
    ahead = (await session.execute(_AHEAD, {"category_id": category_id})).all()
    held: int = sum(row.places_held for row in ahead)
    given = shares([row.size for row in ahead], left + held)
    for row, share in zip(ahead, given, strict=True):
        if share and share == row.size:
            return cast("UUID", row.id)
    left += held - sum(given)
    line = await _candidates(session, category_id, left) if left else ()
    return line[0].id if line else None


_OFFER = text("""
    UPDATE waitlist_entries e
       SET status = 'offered', offered_at = :now, offer_expires_at = :ends, updated_at = :now,
           total_amount = price.amount, list_amount = price.list_amount, price_phase_id = price.phase_id,
           price_phase = price.phase, promo_code_id = price.promo_id
      FROM waitlist_participants w, unnest(
           CAST(:ids AS uuid[]), CAST(:amounts AS numeric[]), CAST(:list_amounts AS numeric[]),
           CAST(:phase_ids AS uuid[]), CAST(:phases AS text[]), CAST(:promo_ids AS uuid[])
           ) AS price(id, amount, list_amount, phase_id, phase, promo_id)
     WHERE e.id = price.id AND e.status = 'waiting' AND w.entry_id = e.id AND w.is_pic
    RETURNING e.id, e.turn, e.registration_type, e.total_participants, e.access_version, e.revision, e.offer_expires_at,
              e.total_amount, w.id AS participant_id, w.full_name, w.email, w.whatsapp, w.is_pic
""")


async def _offer(work: UnitOfWork, category: CategorySnapshot, chosen: Sequence[UUID], terms: OfferTerms) -> None:
    prices = await agree(work, category, chosen)
    ends = offer_ends(work.now, terms.time, category.closes_at)
    values = {"now": work.now, "ends": ends, **_price_columns(prices)}
    offered = (await work.session.execute(_OFFER, values)).all()
    await places.hold(work, category.category_id, sum(row.total_participants for row in offered))
    for row in sorted(offered, key=lambda each: each.turn):
        work.publish(_offered(category, row, terms.codes, now=work.now), subject=row.id)


def _price_columns(prices: Mapping[UUID, Price]) -> dict[str, list[Any]]:
    return {
        "ids": list(prices),
        "amounts": [each.amount for each in prices.values()],
        "list_amounts": [each.list_amount for each in prices.values()],
        "phase_ids": [each.phase_id for each in prices.values()],
        "phases": [each.phase for each in prices.values()],
        "promo_ids": [each.promo_id for each in prices.values()],
    }


_OPEN_OFFER = text("""
    SELECT e.id, e.race_category_id AS category_id, e.registration_type, e.access_version, e.revision,
           e.offer_expires_at, e.total_amount, w.id AS participant_id, w.full_name, w.email, w.whatsapp, w.is_pic
      FROM waitlist_entries e JOIN waitlist_participants w ON w.entry_id = e.id AND w.is_pic
     WHERE e.id = :id
""")


async def offer_again(work: UnitOfWork, entry: WaitlistEntry, codes: AccessCodes) -> None:
    """Publish an open offer again, after its contact or its end changed."""
    entry.revision += 1
    await work.session.flush()
    row = (await work.session.execute(_OPEN_OFFER, {"id": entry.id})).one()
    category = await get_category(work.session, row.category_id)
    if category is None:
        raise RuntimeError("an offer has a category")
    work.publish(_offered(category, row, codes, now=work.now), subject=row.id)


def _offered(category: CategorySnapshot, row: Row[Any], codes: AccessCodes, *, now: datetime) -> WaitlistOffered:
    kind = RegistrationType(row.registration_type)
    amount = row.total_amount
    if amount is None:  # an offer of an older release
        quote = category.quote(kind, now)
        amount = quote.amount if quote else Decimal()
    return WaitlistOffered(
        registration_id=row.id,
        event=category.event,
        category_id=category.category_id,
        category_name=category.category_name,
        registration_type=kind,
        total_participants=kind.size,
        total_amount=amount,
        currency=category.currency,
        offer_expires_at=row.offer_expires_at,
        contact=RegisteredParticipant(
            participant_id=row.participant_id,
            full_name=row.full_name,
            email=row.email,
            whatsapp=row.whatsapp,
            is_pic=row.is_pic,
        ),
        access=codes.make(row.id, row.access_version),
        revision=row.revision,
    )


async def end_entries(
    work: UnitOfWork,
    category_id: UUID,
    status: WaitlistStatus,
    *conditions: ColumnElement[bool],
    end: WaitlistEnd,
    reason: str | None = None,
) -> int:
    """End the entries of a category's waiting list that meet the conditions, and return how many.

    Their places are released, and the uses that their offers held. At most a thousand at once, open offers first: a
    waiting list may be too long for the time limit of one statement.

    Args:
        end: the reason published for open offers; waiting entries publish nothing.
        reason: staff's reason.
    """
    in_line = (WaitlistEntry.race_category_id == category_id, WaitlistEntry.status.in_(IN_LINE), *conditions)
    # All such statements lock in the same order, and check the conditions again once the rows are locked.
    first = select(WaitlistEntry.id).where(*in_line).order_by(WaitlistEntry.status, WaitlistEntry.turn)
    some = first.limit(_ENDED_AT_ONCE).with_for_update().cte("some")
    ending = (
        update(WaitlistEntry)
        .where(WaitlistEntry.id.in_(select(some.c.id)), *in_line)
        .values(status=status, reason=reason, revision=WaitlistEntry.revision + 1, updated_at=work.now)
        .returning(WaitlistEntry)
    )
    ended = (await work.session.execute(ending, execution_options={"populate_existing": True})).scalars().all()
    if not ended:
        return 0
    await leave_line(work, [entry.id for entry in ended])
    offered = [entry for entry in ended if entry.offered_at is not None]
    saved = sum(entry.places_held for entry in ended)
    await places.hold(work, category_id, -saved - sum(entry.total_participants for entry in offered))
    await give_back(work, offered)
    for entry in ended:
        entry.places_held = 0
    for entry in offered:
        work.publish(WaitlistEnded(registration_id=entry.id, revision=entry.revision, reason=end), subject=entry.id)
    return len(ended)


async def leave_line(work: UnitOfWork, entry_ids: Sequence[UUID]) -> None:
    """Mark the people of these entries as no longer waiting."""
    people = WaitlistParticipant.entry_id.in_(entry_ids)
    await work.session.execute(update(WaitlistParticipant).where(people).values(live=False))
