"""Requesting links, answering these requests, and replacing an access code."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from chassis.canonical.emails import canonical_email
from chassis.canonical.phones import canonical_whatsapp
from chassis.database import Database, UnitOfWork
from chassis.ids import new_id
from chassis.portions import delete_in_portions
from chassis.wording import Refused, Wording
from contracts import AccessCode, AccessLink, AccessLinksRequested, AccessReplaced, ContactKind
from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from registration.access.queries import links_of
from registration.access.tables import LinkRequest, UnpublishedCode
from registration.access_codes import FIRST_VERSION, AccessCodes
from registration.entries.errors import UnknownRegistration

_PAUSE = timedelta(minutes=2)
_A_DAY = timedelta(days=1)
_MOST_A_DAY = 6
_HOME = "62"
_READ_AS_HOME = "628"


NO_CONTACT: Final = Wording(
    en="Enter your e-mail address or WhatsApp number, like name@example.com or 0812 3456 7890.",
    id="Tulis alamat e-mail atau nomor WhatsApp Anda, seperti nama@contoh.com atau 0812 3456 7890.",
)


def read_contact(typed: str) -> tuple[ContactKind, str]:
    """Return the kind of contact that was typed, and its canonical form.

    Raises:
        Refused: neither an e-mail address nor a WhatsApp number.
    """
    try:
        if "@" in typed:
            return ContactKind.EMAIL, canonical_email(typed).lower()
        return ContactKind.WHATSAPP, canonical_whatsapp(typed)
    except Refused:
        raise Refused(NO_CONTACT) from None


# One statement for known and unknown contacts, so that its duration does not reveal who is registered.
_ASK = text("""
    INSERT INTO link_requests (id, kind, contact, contact_hash, requested_at)
    SELECT :id, :kind, :contact, asked.hash, :now
      FROM (SELECT CAST(:hash AS text) AS hash) AS asked
     WHERE NOT EXISTS (SELECT 1 FROM link_requests WHERE contact_hash = asked.hash AND requested_at > :recently)
       AND (SELECT count(*) FROM link_requests WHERE contact_hash = asked.hash AND requested_at > :yesterday) < :most
    ON CONFLICT (contact_hash) WHERE answered_at IS NULL DO NOTHING
""")


async def ask_for_links(work: UnitOfWork, codes: AccessCodes, kind: ContactKind, contact: str) -> None:
    """Store a request for the links of this contact, unless there was one a moment ago or too many in a day."""
    values = {
        "id": new_id(),
        "kind": kind.value,
        "contact": contact,
        "hash": codes.pseudonym(contact),
        "now": work.now,
        "recently": work.now - _PAUSE,
        "yesterday": work.now - _A_DAY,
        "most": _MOST_A_DAY,
    }
    await work.session.execute(_ASK, values)


async def answer_requests(work: UnitOfWork, codes: AccessCodes, ids: Sequence[UUID]) -> int:
    """Publish the links for those of these requests that wait and are not locked; return how many were processed."""
    waiting = (
        select(LinkRequest)
        .where(LinkRequest.answered_at.is_(None), LinkRequest.id.in_(ids))
        .order_by(LinkRequest.requested_at)
        .with_for_update(skip_locked=True)
    )
    requests = (await work.session.execute(waiting)).scalars().all()
    for request in requests:
        await _answer(work, codes, request)
        request.contact, request.answered_at = None, work.now
    await work.session.flush()
    return len(requests)


async def _answer(work: UnitOfWork, codes: AccessCodes, request: LinkRequest) -> None:
    kind, contact = ContactKind(request.kind), request.contact or ""
    rows = await links_of(work.session, kind, contact)
    if not rows and contact.startswith(_READ_AS_HOME):
        # A number abroad is stored and shown without `+`; typed like that, it was read as an Indonesian number.
        contact = contact.removeprefix(_HOME)
        rows = await links_of(work.session, kind, contact)
    links = tuple(_link(codes, row) for row in rows)
    if links:
        found = AccessLinksRequested(request_id=request.id, kind=kind, contact=contact, links=links)
        work.publish(found, subject=request.id)


def _link(codes: AccessCodes, row: Row[tuple[object, ...]]) -> AccessLink:
    return AccessLink(
        registration_id=row.id,
        registration_number=row.registration_number,
        participant_name=row.full_name,
        event_name=row.event_name,
        category_name=row.category_name,
        access=codes.make(row.id, row.access_version),
    )


async def forget_requests(database: Database) -> None:
    """Delete requests that no longer count towards the limit."""
    await delete_in_portions(database, LinkRequest, LinkRequest.requested_at < database.clock() - _A_DAY)


_NEXT_VERSION = text("""
    WITH registered AS (
        UPDATE registrations SET access_version = access_version + 1, updated_at = :now
         WHERE id = :id
        RETURNING registration_number AS number, access_version AS version, event_id, race_category_id AS category_id
    ), waiting AS (
        UPDATE waitlist_entries SET access_version = access_version + 1, updated_at = :now
         WHERE id = :id RETURNING access_version AS version, event_id, race_category_id AS category_id
    )
    SELECT number, version, event_id, category_id FROM registered
    UNION ALL SELECT NULL, version, event_id, category_id FROM waiting
     ORDER BY number NULLS LAST LIMIT 1
""")


async def replace_code(work: UnitOfWork, codes: AccessCodes, registration_id: UUID, *, by: str) -> str:
    """Invalidate the links sent so far and return the new one.

    Raises:
        UnknownRegistration: neither a registration nor a waiting list entry.
    """
    row = (await work.session.execute(_NEXT_VERSION, {"id": registration_id, "now": work.now})).one_or_none()
    if row is None:
        raise UnknownRegistration
    access = _publish_code(work, codes, registration_id, row)
    versions = {"before": {"version": row.version - 1}, "after": {"version": row.version}}
    await work.audit(by, "access_code.replace", f"registration:{registration_id}", **versions)
    return codes.link(row.number or registration_id, access.code)


async def have_codes_published(work: UnitOfWork, registration_ids: Sequence[UUID]) -> None:
    """Store that the codes of these registrations are to be published; the worker, which has the keys, does so."""
    rows = [{"registration_id": registration_id} for registration_id in registration_ids]
    if rows:
        await work.session.execute(upsert(UnpublishedCode).on_conflict_do_nothing(), rows)


def _first_code(table: str) -> TextClause:
    return text(f"""
        WITH made AS (
            UPDATE {table} SET access_version = :first WHERE access_version = 0 AND id IN (
                SELECT id FROM {table} WHERE id = ANY(:ids) AND access_version = 0 ORDER BY id FOR UPDATE SKIP LOCKED)
            RETURNING id
        ), unpublished AS (
            INSERT INTO unpublished_codes (registration_id) SELECT id FROM made ON CONFLICT DO NOTHING
        )
        SELECT count(*) FROM made
    """)  # noqa: S608  # only constants are inserted


_FIRST_CODES = _first_code("registrations"), _first_code("waitlist_entries")


async def give_codes(work: UnitOfWork, ids: Sequence[UUID]) -> int:
    """Assign codes to those of these registrations and waiting list entries that have none and are not locked.

    Return their number.
    """
    given = [await work.session.execute(each, {"ids": ids, "first": FIRST_VERSION}) for each in _FIRST_CODES]
    return sum(each.scalar_one() for each in given)


_TAKE_UNPUBLISHED = text("""
    WITH taken AS (
        DELETE FROM unpublished_codes WHERE registration_id IN (
            SELECT registration_id FROM unpublished_codes WHERE registration_id = ANY(:ids) ORDER BY registration_id
               FOR UPDATE SKIP LOCKED)
        RETURNING registration_id
    )
    SELECT registration_id, coalesce(r.access_version, w.access_version) AS version,
           coalesce(r.event_id, w.event_id) AS event_id,
           coalesce(r.race_category_id, w.race_category_id) AS category_id
      FROM taken LEFT JOIN registrations r ON r.id = registration_id
      LEFT JOIN waitlist_entries w ON w.id = registration_id
""")


async def publish_codes(work: UnitOfWork, codes: AccessCodes, ids: Sequence[UUID]) -> int:
    """Publish those of these codes that subscribers may not have received and that are not locked; return how many."""
    taken = (await work.session.execute(_TAKE_UNPUBLISHED, {"ids": ids})).all()
    for row in taken:
        if row.version is not None:
            _publish_code(work, codes, row.registration_id, row)
    return len(taken)


def _publish_code(work: UnitOfWork, codes: AccessCodes, registration_id: UUID, row: Row[Any]) -> AccessCode:
    access = codes.make(registration_id, row.version)
    replaced = AccessReplaced(
        registration_id=registration_id, access=access, event_id=row.event_id, category_id=row.category_id
    )
    work.publish(replaced, subject=registration_id)
    return access
