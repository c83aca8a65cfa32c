"""Finding the registration of a link, and the registrations that a contact is in charge of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts import ContactKind
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from registration.access.errors import UnknownLink
from registration.access_codes import AccessCodes

MOST_LINKS = 50

_NO_ID = UUID(int=0)

# A waiting list entry has the id of the registration it may become: its link then opens the registration.
_BY_NUMBER = text("""
    SELECT id, access_version, true AS registered FROM registrations WHERE registration_number = :number
""")
_BY_ID = text("""
    SELECT id, access_version, true AS registered FROM registrations WHERE id = :id
    UNION ALL
    SELECT id, access_version, false FROM waitlist_entries WHERE id = :id
    ORDER BY registered DESC LIMIT 1
""")


@dataclass(frozen=True)
class Opened:
    """The target of a link: a registration or a waiting list entry."""

    registration_id: UUID
    registered: bool


async def opened_by(session: AsyncSession, codes: AccessCodes, registration: str, code: str) -> Opened:
    """Return the target of the link.

    Args:
        registration: the registration number in any case, or the id of a waiting list entry.

    Raises:
        UnknownLink: there is no such registration, or it is not its current code.
    """
    found = await _found(session, registration)
    registration_id, version = (found.id, found.access_version) if found else (_NO_ID, 0)
    if not codes.opens(code, registration_id, version) or found is None:
        raise UnknownLink
    return Opened(found.id, found.registered)


async def _found(session: AsyncSession, registration: str) -> Row[Any] | None:
    try:
        query, values = _BY_ID, {"id": UUID(registration)}
    except ValueError:
        return (await session.execute(_BY_NUMBER, {"number": registration.upper()})).first()
    return (await session.execute(query, values)).first()


async def access_version(session: AsyncSession, registration_id: UUID) -> int:
    """Return the current version of the access code of a registration or waiting list entry.

    Raises:
        UnknownLink: neither exists.
    """
    found = (await session.execute(_BY_ID, {"id": registration_id})).first()
    if found is None:
        raise UnknownLink
    return int(found.access_version)


_CONTACT = {ContactKind.EMAIL: "lower(p.email) = lower(:contact)", ContactKind.WHATSAPP: "p.whatsapp = :contact"}


def _links_of(kind: ContactKind) -> str:
    return f"""
        SELECT r.id, r.registration_number, r.access_version, r.created_at, p.full_name,
               e.name AS event_name, c.name AS category_name
          FROM participants p JOIN registrations r ON r.id = p.registration_id
          JOIN race_categories c ON c.id = r.race_category_id JOIN events e ON e.id = r.event_id
         WHERE p.live AND p.is_pic AND {_CONTACT[kind]}
        UNION ALL
        SELECT w.id, NULL, w.access_version, w.created_at, p.full_name, e.name, c.name
          FROM waitlist_participants p JOIN waitlist_entries w ON w.id = p.entry_id
          JOIN race_categories c ON c.id = w.race_category_id JOIN events e ON e.id = w.event_id
         WHERE p.live AND p.is_pic AND {_CONTACT[kind]}
         ORDER BY created_at DESC LIMIT {MOST_LINKS}
    """  # noqa: S608  # only constants are inserted


_LINKS = {kind: text(_links_of(kind)) for kind in ContactKind}


async def links_of(session: AsyncSession, kind: ContactKind, contact: str) -> Sequence[Row[Any]]:
    """Return the live registrations and waiting list entries that this contact is in charge of, newest first.

    Other members of a group are left out, as a link opens the data of the whole group.
    """
    return (await session.execute(_LINKS[kind], {"contact": contact})).all()


ANSWERING, PUBLISHING, GIVING = "answer_link_requests", "publish_codes", "give_codes"
"""Jobs of the worker."""


def _without_aside(job: str, key: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM set_aside a WHERE a.job = '{job}' AND a.subject_id = {key})"  # noqa: S608


_REQUESTS = text(f"""
    SELECT id FROM link_requests WHERE answered_at IS NULL AND {_without_aside(ANSWERING, "id")}
     ORDER BY requested_at LIMIT 50
""")  # noqa: S608  # only constants are inserted

# Oldest first, as the ids are ordered by time.
_UNPUBLISHED = text(f"""
    SELECT registration_id FROM unpublished_codes WHERE {_without_aside(PUBLISHING, "registration_id")}
     ORDER BY registration_id LIMIT 200
""")  # noqa: S608  # only constants are inserted

_WITHOUT_CODE = text(f"""
    (SELECT id FROM registrations WHERE access_version = 0 AND {_without_aside(GIVING, "id")} ORDER BY id LIMIT 200)
    UNION
    (SELECT id FROM waitlist_entries WHERE access_version = 0 AND {_without_aside(GIVING, "id")} ORDER BY id LIMIT 200)
""")  # noqa: S608  # only constants are inserted


async def waiting_requests(session: AsyncSession) -> Sequence[UUID]:
    """Return the next requests for links to answer, without those set aside."""
    return (await session.execute(_REQUESTS)).scalars().all()


async def unpublished_codes(session: AsyncSession) -> Sequence[UUID]:
    """Return the next registrations whose codes are to be published, without those set aside."""
    return (await session.execute(_UNPUBLISHED)).scalars().all()


async def without_code(session: AsyncSession) -> Sequence[UUID]:
    """Return the next registrations and waiting list entries that have no code yet, without those set aside."""
    return (await session.execute(_WITHOUT_CODE)).scalars().all()
