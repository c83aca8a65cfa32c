"""Reading the confirmed participants of a race in the order of their BIBs, a page at a time."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from chassis.database import Database
from sqlalchemy import Integer, Row, Select, literal_column, select

from registration.catalog.tables import RaceCategory
from registration.entries.rules import Status
from registration.entries.tables import Participant, Registration
from registration.exports.wanted import Wanted

PAGE: Final = 1000


async def confirmed(
    database: Database, wanted: Wanted, columns: Sequence[Any]
) -> AsyncGenerator[Sequence[Row[Any]], None]:
    """Yield rows of `bib_number` and the columns, at most a thousand at a time.

    Each page is a separate query by BIB: neither a connection nor a snapshot is held while it is sent. BIBs are never
    given twice, so no participant is missed or read twice.
    """
    after = 0
    while True:
        async with database.read_page() as session:
            rows = (await session.execute(_page(wanted, columns, after))).all()
        if not rows:
            return
        yield rows
        after = rows[-1].bib_number


def _page(wanted: Wanted, columns: Sequence[Any], after: int) -> Select[Any]:
    """Return the query for the page after a BIB, in the order of the index on BIBs.

    The limit is a literal: a generic plan for a parameter would assume a tenth of the table. The BIB range of a
    category is part of the query, as its BIBs may be the last ones of the race.
    """
    query = (
        select(Participant.bib_number, *columns)
        .select_from(Participant)
        .join(Registration, Registration.id == Participant.registration_id)
        .join(RaceCategory, RaceCategory.id == Registration.race_category_id)
        .where(Participant.event_id == wanted.event_id, Participant.bib_number > after, Participant.live)
        .where(Registration.status == Status.PAYMENT_VERIFIED)
        .order_by(Participant.bib_number)
        .limit(literal_column(str(PAGE), Integer))
    )
    if wanted.category_id is None:
        return query
    first, last = wanted.bib_range
    query = query.where(Participant.bib_number >= first, Participant.bib_number <= last)
    return query.where(Registration.race_category_id == wanted.category_id)
