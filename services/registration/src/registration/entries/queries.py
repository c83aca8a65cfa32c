"""Reading registrations."""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.canonical.emails import canonical_email
from chassis.canonical.folding import folded_words
from chassis.canonical.phones import canonical_phone, digits_of
from chassis.database import Database
from chassis.wording import Refused
from contracts import RegistrationType, TicketNumber
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Row,
    Select,
    Subquery,
    Uuid,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from registration.catalog.facts import FACTS
from registration.catalog.tables import Race, RaceCategory
from registration.entries.errors import NotVerified, UnknownRegistration
from registration.entries.rules import Status
from registration.entries.tables import NAME_WORDS, Participant, Registration
from registration.places.tables import BIB_LIMIT
from registration.prices.tables import PromoCode

LIKE_A_NUMBER = re.compile(r"-\d+$")


async def detail(session: AsyncSession, registration_id: UUID) -> dict[str, Any]:
    """Return a registration with its participants, its category's name and the facts of its event.

    Raises:
        UnknownRegistration.
    """
    query = (
        select(Registration, RaceCategory.name.label("category_name"), FACTS)
        .join(RaceCategory, RaceCategory.id == Registration.race_category_id)
        .join(Race, Race.id == RaceCategory.event_id)
        .where(Registration.id == registration_id)
    )
    found = (await session.execute(query)).first()
    if found is None:
        raise UnknownRegistration
    entry = found.Registration
    listed = entry.total_amount if entry.list_amount is None else entry.list_amount
    return {
        **{column.key: getattr(entry, column.key) for column in Registration.__table__.columns},
        "list_amount": listed,
        "discount": listed - entry.total_amount,
        "registration_id": entry.id,
        "category_id": entry.race_category_id,
        "category_name": found.category_name,
        "event": found.event,
        "participants": await _participants(session, registration_id),
    }


async def _participants(session: AsyncSession, registration_id: UUID) -> Sequence[Participant]:
    query = select(Participant).where(Participant.registration_id == registration_id).order_by(Participant.position)
    return (await session.execute(query)).scalars().all()


async def tickets(session: AsyncSession, registration_id: UUID) -> list[dict[str, Any]]:
    """Return the tickets of a verified registration.

    Raises:
        UnknownRegistration, NotVerified.
    """
    query = (
        select(Registration.status, Registration.registration_number, RaceCategory.name)
        .join(RaceCategory, RaceCategory.id == Registration.race_category_id)
        .where(Registration.id == registration_id)
    )
    found = (await session.execute(query)).first()
    if found is None:
        raise UnknownRegistration
    if found.status != Status.PAYMENT_VERIFIED:
        raise NotVerified
    return [
        {
            "participant_id": person.id,
            "full_name": person.full_name,
            "bib_number": person.bib_number,
            "category_name": found.name,
            "ticket_code": person.ticket_code,
            "ticket_number": ticket_number(found.registration_number, person.position),
        }
        for person in await _participants(session, registration_id)
    ]


def ticket_number(registration_number: str, position: int) -> str:
    """Return the ticket number of the participant at a position, which counts from 0."""
    return str(TicketNumber(registration_number, position + 1))


async def ticket_exists(session: AsyncSession, ticket_code: str) -> bool:
    """Return whether a live participant has this ticket code."""
    query = select(Participant.id).where(Participant.ticket_code == ticket_code, Participant.live)
    return (await session.execute(query)).first() is not None


@dataclass(frozen=True)
class Filter:
    """Filter of registrations.

    Attributes:
        q: compared with number, ticket number, BIB, name, e-mail and WhatsApp.
        since: of the time of registration.
        until: of the time of registration; not included.
        ids: of those that are meant; None for all.
        promo_code: with which they were registered, as the race has it now.
        other_than: a status that is left out.
    """

    event_id: UUID | None = None
    category_id: UUID | None = None
    status: Status | None = None
    q: str | None = None
    kind: RegistrationType | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: Sequence[UUID] | None = None
    promo_code: str | None = None
    other_than: Status | None = None

    @property
    def statuses(self) -> Sequence[Status]:
        """Return the statuses that are meant; all if no status is filtered by."""
        return [each for each in Status if self.status in (None, each) and each is not self.other_than]

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        same: tuple[tuple[Any, Any], ...] = (
            (Registration.event_id, self.event_id),
            (Registration.race_category_id, self.category_id),
            (Registration.status, self.status),
            (Registration.registration_type, self.kind),
        )
        found: list[ColumnElement[bool]] = [column == value for column, value in same if value]
        if self.other_than:
            found.append(Registration.status != self.other_than)
        if self.q:
            found.append(_matches(self.q))
        if self.ids is not None:
            found.append(Registration.id == func.any(cast(list(self.ids), ARRAY(Uuid()))))
        if self.promo_code is not None:
            codes = select(PromoCode.id).where(PromoCode.code == self.promo_code)
            found.append(Registration.promo_code_id.in_(codes))
        return [*found, *self.times()]

    def times(self) -> list[ColumnElement[bool]]:
        """Return the conditions on the time of registration."""
        found: list[ColumnElement[bool]] = []
        if self.since:
            found.append(Registration.created_at >= self.since)
        if self.until:
            found.append(Registration.created_at < self.until)
        return found


def _matches(q: str) -> ColumnElement[bool]:
    anybody = aliased(Participant)
    fits = or_(*person_conditions(anybody, q))
    if LIKE_A_NUMBER.search(q):
        by_number = select(Registration.id).where(Registration.registration_number == q.upper())
        return Registration.id.in_(select(anybody.registration_id).where(fits).union(by_number))
    # A semi-join, so that PostgreSQL may also scan the newest registrations until a page is full: a name that every
    # fortieth person has is found that way without reading all who have it.
    return exists().where(anybody.registration_id == Registration.id, fits)


def person_conditions(anybody: type[Participant], q: str) -> list[ColumnElement[bool]]:
    """Return conditions of which one fits a participant who is meant by the text."""
    ticket = TicketNumber.parse(q)
    if ticket is not None:
        return [ticket_condition(anybody, ticket)]
    if "@" in q:
        return [func.lower(anybody.email) == _email(q).lower()]
    digits = digits_of(q)
    if digits is not None:
        bib = bib_condition(anybody, digits)
        return [phone_condition(anybody, digits, q), *([] if bib is None else [bib])]
    words = " & ".join(f"{word}:*" for word in folded_words(q))
    if not words:
        return [false()]
    return [NAME_WORDS.op("@@")(func.to_tsquery(text("'simple'::regconfig"), words))]


def ticket_condition(anybody: type[Participant], ticket: TicketNumber) -> ColumnElement[bool]:
    """Return the condition on the participant with this ticket, valid or not."""
    entry = select(Registration.id).where(Registration.registration_number == ticket.registration_number)
    return and_(
        anybody.registration_id == entry.scalar_subquery(),
        anybody.position == ticket.sequence - 1,
        anybody.ticket_code.is_not(None),
    )


def phone_condition(anybody: type[Participant], digits: str, typed: str) -> ColumnElement[bool]:
    """Return the condition on participants with this WhatsApp number, as its digits are or as the text is read."""
    return anybody.whatsapp.in_({digits, _phone(typed)})


def bib_condition(anybody: type[Participant], digits: str) -> ColumnElement[bool] | None:
    """Return the condition on participants with this BIB; None if no BIB has these digits."""
    return anybody.bib_number == int(digits) if 0 < int(digits) <= BIB_LIMIT else None


def _phone(typed: str) -> str:
    try:
        return canonical_phone(typed)
    except Refused:
        return typed


def _email(typed: str) -> str:
    try:
        return canonical_email(typed)
    except Refused:
        return typed


_LISTED = func.coalesce(Registration.list_amount, Registration.total_amount)

EXPORT_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("registration_number", Registration.registration_number),
    ("status", Registration.status),
    ("registration_type", Registration.registration_type),
    ("category", RaceCategory.name),
    ("bib_number", Participant.bib_number),
    ("full_name", Participant.full_name),
    ("is_pic", Participant.is_pic),
    ("email", Participant.email),
    ("whatsapp", Participant.whatsapp),
    ("gender", Participant.gender),
    ("date_of_birth", Participant.date_of_birth),
    ("jersey_size", Participant.jersey_size),
    ("identity_number", Participant.identity_number),
    ("emergency_contact_name", Participant.emergency_contact_name),
    ("emergency_contact_phone", Participant.emergency_contact_phone),
    ("registered_at", Registration.created_at),
    ("list_amount", _LISTED.label("listed_amount")),
    ("discount", (_LISTED - Registration.total_amount).label("discount")),
    ("promo_code", Registration.promo_code),
    ("price_phase", Registration.price_phase),
    ("ticket_number", case((Participant.ticket_code.is_not(None), Participant.position)).label("ticket_position")),
)
"""Names and contents. Amounts are of a whole registration, in the row of its person in charge, so that they add up.

The last one is read as the position of a participant who has a ticket. The time is in the zone of the race.
"""

_TIME_AT = [name for name, _ in EXPORT_COLUMNS].index("registered_at")

_AMOUNTS = frozenset({"list_amount", "discount"})


_EXPORT_BATCH = 1000
_Key = tuple[datetime, UUID]


async def export(database: Database, wanted: Filter) -> AsyncGenerator[Sequence[Sequence[Any]], None]:
    """Yield all participants in the order of registration, at most a thousand at a time.

    Each page is a separate query by key: neither a connection nor a snapshot is held while it is sent. Registrations
    that arrive meanwhile come at the end; a row's values are those of the time when its page was read.
    """
    after: _Key | None = None
    while True:
        async with database.read_page() as session:
            rows = (await session.execute(_export_page(wanted, after))).all()
        if not rows:
            return
        for start in range(0, len(rows), _EXPORT_BATCH):
            yield [_exported(row) for row in rows[start : start + _EXPORT_BATCH]]
        after = rows[-1][-2], rows[-1][-1]


def _exported(row: Row[Any]) -> Sequence[Any]:
    """Return the cells of a row, without its key."""
    values: Sequence[Any] = row
    *cells, position, zone, _, _ = values
    cells[_TIME_AT] = cells[_TIME_AT].astimezone(ZoneInfo(zone))
    return (*cells, None if position is None else ticket_number(row.registration_number, position))


def _export_page(wanted: Filter, after: _Key | None) -> Select[Any]:
    """Return the query for the participants of the thousand registrations after a key.

    Each row ends with the zone of its race and its key.

    The limit is a literal: a generic plan for a parameter would assume a tenth of the table.
    """
    key = (Registration.created_at, Registration.id)
    behind = () if after is None else (tuple_(*key) > after,)
    amounts = [column for name, column in EXPORT_COLUMNS if name in _AMOUNTS]
    oldest = select(Registration, *amounts).where(*wanted.conditions(), *behind).order_by(*key)
    page = oldest.limit(literal_column(str(_EXPORT_BATCH), Integer)).subquery()
    columns = [_of_page(page, name, column) for name, column in EXPORT_COLUMNS]
    return (
        select(*columns, Race.timezone, page.c.created_at, page.c.id)
        .select_from(page)
        .join(Participant, Participant.registration_id == page.c.id)
        .join(RaceCategory, RaceCategory.id == page.c.race_category_id)
        .join(Race, Race.id == RaceCategory.event_id)
        .order_by(page.c.created_at, page.c.id, Participant.position)
    )


def _of_page(page: Subquery, name: str, column: Any) -> ColumnElement[Any]:
    if name in _AMOUNTS:
        return case((Participant.is_pic, page.c[column.key]))
    of_registration = getattr(column, "class_", None) is Registration
    found: ColumnElement[Any] = page.c[column.key] if of_registration else column
    return found
