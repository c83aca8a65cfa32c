"""Looking registrations up by number, BIB, ticket code or number, e-mail address, WhatsApp number or name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from chassis.canonical.folding import folded_words
from chassis.canonical.phones import digits_of
from contracts import TicketNumber
from sqlalchemy import ColumnElement, Select, and_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from registration.entries.queries import (
    LIKE_A_NUMBER,
    bib_condition,
    person_conditions,
    phone_condition,
    ticket_condition,
)
from registration.entries.tables import Participant, Registration

AT_MOST: Final = 10

_TICKET: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_FEWEST_LETTERS: Final = 2
# A group has up to ten participants with the same contact, and each registration is listed once.
_READ: Final = 10 * AT_MOST


class Found(StrEnum):
    """By what a registration was found."""

    NUMBER = "number"
    BIB = "bib"
    TICKET = "ticket"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    NAME = "name"
    NEWEST = "newest"


@dataclass(frozen=True)
class Item:
    """A registration that was found. `label` is the name of the participant whom the text fits."""

    kind: Found
    registration_id: UUID
    registration_number: str
    label: str


async def look_up(session: AsyncSession, q: str | None) -> Sequence[Item]:
    """Return at most ten registrations that the text means, the surest first; the newest ones without a text."""
    # The kept plan would depend on what was looked up first. Reading all names in turn takes seconds.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    await session.execute(text("SET LOCAL enable_seqscan = off"))
    found: dict[UUID, Item] = {}
    for kind, query in _queries(q or ""):
        for row in (await session.execute(query)).all():
            found.setdefault(row.id, Item(kind, row.id, row.registration_number, row.full_name))
    return list(found.values())[:AT_MOST]


def _queries(q: str) -> Sequence[tuple[Found, Select[Any]]]:
    if not q:
        return [(Found.NEWEST, _registrations(true()))]
    if LIKE_A_NUMBER.search(q):
        return [(Found.NUMBER, _registrations(Registration.registration_number == q.upper())), *_by_person(q)]
    return _by_person(q)


def _by_person(q: str) -> Sequence[tuple[Found, Select[Any]]]:
    if _TICKET.fullmatch(q):
        return [(Found.TICKET, _people(Participant.ticket_code == q.lower()))]
    ticket = TicketNumber.parse(q)
    if ticket is not None:
        return [(Found.TICKET, _people(ticket_condition(Participant, ticket)))]
    if "@" in q:
        return [(Found.EMAIL, _people(*person_conditions(Participant, q)))]
    digits = digits_of(q)
    if digits is None:
        return _by_name(q)
    bib = bib_condition(Participant, digits)
    by_bib = [] if bib is None else [(Found.BIB, _people(bib))]
    return [*by_bib, (Found.WHATSAPP, _people(phone_condition(Participant, digits, q)))]


def _by_name(q: str) -> Sequence[tuple[Found, Select[Any]]]:
    if sum(len(word) for word in folded_words(q)) < _FEWEST_LETTERS:
        return []
    return [(Found.NAME, _people(*person_conditions(Participant, q)))]


def _registrations(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the query for registrations, newest first, with the name of the person in charge."""
    in_charge = and_(Participant.registration_id == Registration.id, Participant.is_pic)
    query: Any = select(Registration.id, Registration.registration_number, Participant.full_name)
    newest = Registration.created_at.desc(), Registration.id.desc()
    found: Select[Any] = query.join(Participant, in_charge).where(condition).order_by(*newest).limit(AT_MOST)
    return found


def _people(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for registrations of participants, newest first among the first that the index finds.

    All who have a common name are never gathered, so it is fast for each name.
    """
    some = (
        select(Participant.registration_id, Participant.full_name).where(*conditions).limit(_READ).subquery("somebody")
    )
    query: Any = select(Registration.id, Registration.registration_number, some.c.full_name)
    newest = Registration.created_at.desc(), Registration.id.desc()
    found: Select[Any] = query.join_from(some, Registration, Registration.id == some.c.registration_id).order_by(
        *newest
    )
    return found
