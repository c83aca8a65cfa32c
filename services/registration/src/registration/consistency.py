"""Registration's state, for comparing it with that of the other services."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from registration.entries.rules import Status


@dataclass(frozen=True)
class EntryState:
    """A registration with the BIBs of its live participants, by participant.

    `payment_sequence` is the sequence of the newest payment event that it has handled.
    """

    registration_id: UUID
    registration_number: str
    status: Status
    amount: Decimal
    payment_id: UUID | None
    bibs: dict[UUID, int | None]
    expires_at: datetime
    payment_sequence: int


_ENTRIES = text("""
    SELECT r.id, r.registration_number, r.status, r.total_amount, r.payment_id, r.expires_at, r.payment_sequence,
           array_agg(p.id) FILTER (WHERE p.live) AS people, array_agg(p.bib_number) FILTER (WHERE p.live) AS bibs
      FROM registrations r JOIN participants p ON p.registration_id = r.id
     GROUP BY r.id ORDER BY r.id
""")


async def snapshot(session: AsyncSession) -> AsyncIterator[EntryState]:
    """Yield every registration in the order of its id, streamed."""
    async for row in await session.stream(_ENTRIES, execution_options={"yield_per": 1000}):
        yield EntryState(
            registration_id=row.id,
            registration_number=row.registration_number,
            status=Status(row.status),
            amount=row.total_amount,
            payment_id=row.payment_id,
            bibs=dict(zip(row.people or (), row.bibs or (), strict=True)),
            expires_at=row.expires_at,
            payment_sequence=row.payment_sequence,
        )


_WRONG_PLACES = text("""
    SELECT c.id, c.name, s.quota, s.taken, s.burned, s.confirmed, s.offered, coalesce(l.live, 0) AS live,
           coalesce(l.numbered, 0) AS numbered, coalesce(o.open, 0) AS open
      FROM category_places s JOIN race_categories c ON c.id = s.category_id
      LEFT JOIN (
           SELECT r.race_category_id, count(*) AS live,
                  count(p.bib_number) FILTER (WHERE r.status = 'payment_verified') AS numbered
             FROM participants p JOIN registrations r ON r.id = p.registration_id
            WHERE p.live GROUP BY r.race_category_id
      ) l ON l.race_category_id = c.id
      LEFT JOIN (
           SELECT race_category_id,
                  sum(CASE status WHEN 'offered' THEN total_participants ELSE places_held END) AS open
             FROM waitlist_entries WHERE status IN ('waiting', 'offered') GROUP BY race_category_id
      ) o ON o.race_category_id = c.id
     WHERE s.taken > s.quota OR s.taken - s.burned - s.offered <> coalesce(l.live, 0)
        OR s.confirmed <> coalesce(l.numbered, 0) OR s.offered <> coalesce(o.open, 0)
""")

_WRONG_PEOPLE = text("""
    SELECT r.id, r.registration_number, r.status
      FROM registrations r JOIN participants p ON p.registration_id = r.id
      JOIN race_categories c ON c.id = r.race_category_id
     GROUP BY r.id, c.id
    HAVING bool_or(p.live <> (r.status NOT IN ('expired', 'cancelled')))
        OR count(*) <> r.total_participants
        OR bool_or(r.status = 'payment_verified' AND p.bib_number IS NULL)
        OR bool_or(p.bib_number NOT BETWEEN c.bib_start_number AND c.bib_end_number)
     LIMIT 1000
""")

_OVERDUE = text("""
    SELECT id, registration_number FROM registrations
     WHERE status = 'pending_payment' AND expires_at < now() - interval '2 hours' LIMIT 1000
""")


_ENDED_OFFERS = text("""
    SELECT id FROM waitlist_entries
     WHERE id = ANY(CAST(:ids AS uuid[])) AND status NOT IN ('waiting', 'offered', 'accepted') ORDER BY id
""")

_WRONG_COUNTS = text("""
    WITH counted AS (
        SELECT race_category_id, status, sum(registrations) AS registrations, sum(participants) AS participants,
               sum(amount) AS amount
          FROM registration_counts GROUP BY race_category_id, status
    ), there AS (
        SELECT race_category_id, status, count(*) AS registrations, sum(total_participants) AS participants,
               sum(total_amount) AS amount
          FROM registrations GROUP BY race_category_id, status
    )
    SELECT race_category_id, status, coalesce(c.registrations, 0) AS counted, coalesce(t.registrations, 0) AS there
      FROM counted c FULL JOIN there t USING (race_category_id, status)
     WHERE (coalesce(c.registrations, 0), coalesce(c.participants, 0), coalesce(c.amount, 0))
        <> (coalesce(t.registrations, 0), coalesce(t.participants, 0), coalesce(t.amount, 0))
""")


_WRONG_TIMELINE = text("""
    WITH counted AS (
        SELECT race_category_id, registered, participants, verified, amount FROM registration_timeline
        UNION ALL
        SELECT race_category_id, registrations, participants, 0, 0
          FROM registration_counts WHERE registered_in IS NOT NULL
        UNION ALL
        SELECT race_category_id, 0, 0, registrations, amount FROM registration_counts WHERE verified_in IS NOT NULL
        UNION ALL
        SELECT race_category_id, -count(*), -sum(total_participants), -count(payment_verified_at),
               -coalesce(sum(total_amount) FILTER (WHERE payment_verified_at IS NOT NULL), 0)
          FROM registrations GROUP BY race_category_id
    )
    SELECT race_category_id, sum(registered) AS registered, sum(verified) AS verified FROM counted
     GROUP BY race_category_id
    HAVING sum(registered) <> 0 OR sum(participants) <> 0 OR sum(verified) <> 0 OR sum(amount) <> 0
""")

_WRONG_PEOPLE_COUNTS = text("""
    WITH counted AS (
        SELECT race_category_id, registration_type, gender, birth_year, jersey_size, people, confirmed
          FROM participant_counts
        UNION ALL
        SELECT p.race_category_id, p.registration_type, c.*
          FROM participant_changes p,
               unnest(p.genders, p.birth_years, p.jersey_sizes, p.people, p.confirmed) AS c
        UNION ALL
        SELECT race_category_id, registration_type, gender, extract(year FROM date_of_birth)::int, jersey_size,
               -1, -(bib_number IS NOT NULL)::int
          FROM participants p JOIN registrations r ON r.id = p.registration_id WHERE live
    ), differences AS (
        SELECT race_category_id, abs(sum(people)) + abs(sum(confirmed)) AS difference
          FROM counted GROUP BY race_category_id, registration_type, gender, birth_year, jersey_size
    )
    SELECT race_category_id, sum(difference) AS difference FROM differences
     GROUP BY race_category_id HAVING sum(difference) <> 0
""")


_WRONG_USES = text("""
    WITH held AS (
        SELECT id, sum(participants) AS uses FROM (
            SELECT price_phase_id, total_participants FROM registrations
             WHERE price_phase_id IS NOT NULL AND status NOT IN ('expired', 'cancelled')
            UNION ALL
            SELECT promo_code_id, total_participants FROM registrations
             WHERE promo_code_id IS NOT NULL AND status NOT IN ('expired', 'cancelled')
            UNION ALL
            SELECT price_phase_id, total_participants FROM waitlist_entries WHERE status = 'offered'
            UNION ALL
            SELECT promo_code_id, total_participants FROM waitlist_entries WHERE status = 'offered'
        ) AS agreed(id, participants) GROUP BY id
    )
    SELECT counter.id, counter.category_id, counter.used + counter.beyond AS counted, coalesce(held.uses, 0) AS uses
      FROM promo_uses counter LEFT JOIN held USING (id)
     WHERE counter.used + counter.beyond <> coalesce(held.uses, 0)
""")


async def wrong_uses(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return counters of promo codes and phases that differ from the registrations and open offers they count."""
    return (await session.execute(_WRONG_USES)).all()


async def wrong_timeline(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return categories whose timeline differs in sum from the registrations."""
    return (await session.execute(_WRONG_TIMELINE)).all()


async def wrong_people_counts(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return categories whose report of participants differs from the participants."""
    return (await session.execute(_WRONG_PEOPLE_COUNTS)).all()


async def wrong_counts(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return categories and statuses whose counts, used for statistics, differ from the registrations."""
    return (await session.execute(_WRONG_COUNTS)).all()


async def wrong_places(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return categories whose counters differ from the participants and open offers that they count."""
    return (await session.execute(_WRONG_PLACES)).all()


async def wrong_people(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return registrations whose participants do not fit their status: not live, too few, or with a wrong or no BIB."""
    return (await session.execute(_WRONG_PEOPLE)).all()


async def ended_offers(session: AsyncSession, entry_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Return those of the waiting-list entries that ended without a registration."""
    return (await session.execute(_ENDED_OFFERS, {"ids": list(entry_ids)})).scalars().all()


async def overdue(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return registrations that should have expired long ago."""
    return (await session.execute(_OVERDUE)).all()
