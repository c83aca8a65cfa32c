"""Reading the packs of a registration."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.roster.tables import RosterEntry


@dataclass(frozen=True)
class Pack:
    """The pack of a participant and its check-ins, oldest first."""

    participant_id: UUID
    bib_number: int
    is_valid: bool
    checkins: Sequence[Checkin]


async def handed_out(session: AsyncSession, registration_id: UUID) -> Sequence[Checkin]:
    """Return the check-ins of a registration that hold, by BIB."""
    made = (
        select(Checkin)
        .join(RosterEntry, RosterEntry.participant_id == Checkin.participant_id)
        .where(RosterEntry.registration_id == registration_id, Checkin.undone_at.is_(None))
        .order_by(RosterEntry.bib_number)
    )
    return (await session.scalars(made)).all()


async def of_registration(session: AsyncSession, registration_id: UUID) -> Sequence[Pack]:
    """Return the packs of a registration, by BIB. There are none before it is confirmed."""
    entry = RosterEntry
    people = select(entry).where(entry.registration_id == registration_id).order_by(entry.bib_number)
    found = (await session.scalars(people)).all()
    ids = [each.participant_id for each in found]
    made = select(Checkin).where(Checkin.participant_id.in_(ids)).order_by(Checkin.checked_in_at, Checkin.id)
    checkins = (await session.scalars(made)).all() if ids else ()
    return [
        Pack(
            each.participant_id,
            each.bib_number,
            each.cancelled_at is None,
            [one for one in checkins if one.participant_id == each.participant_id],
        )
        for each in found
    ]
