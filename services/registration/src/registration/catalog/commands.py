"""Changing races and categories."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.audit_log import before_and_after
from chassis.database import UnitOfWork, constraint_of
from chassis.errors import InvalidFields, StartlineError
from chassis.wording import Wording
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from registration.catalog.announce import REPEATED_ELSEWHERE, announce_race
from registration.catalog.errors import (
    BibRangeOverlap,
    CategoryHasRegistrations,
    NumbersAlreadyGiven,
    PrefixTaken,
    SlugTaken,
    UnknownCategory,
    UnknownEvent,
)
from registration.catalog.rules import day_in, end_of_day
from registration.catalog.tables import Race, RaceCategory
from registration.places import commands as places
from registration.places.commands import OnPlacesFreed
from registration.places.errors import BibsAlreadyGiven, QuotaBelowTaken
from registration.places.rules import Places, resized

Fields = Mapping[str, Any]

NOT_IN_FUTURE = Wording(
    en="Choose a day after today, by the calendar where the race is.",
    id="Pilih tanggal setelah hari ini, menurut kalender di tempat lomba.",
)

TOO_FAR_AHEAD = Wording(
    en="Choose a day within the next hundred years.", id="Pilih tanggal dalam seratus tahun ke depan."
)
_FARTHEST = timedelta(days=36_525)
AFTER_THE_RACE = Wording(
    en="Choose a time on the day of the race or before it.", id="Pilih waktu pada hari lomba atau sebelumnya."
)

_REFUSALS: Mapping[str, type[StartlineError]] = {
    "uq_events_slug": SlugTaken,
    "uq_race_categories_event_id_slug": SlugTaken,
    "uq_race_categories_registration_prefix": PrefixTaken,
    "ex_race_categories_bib_range": BibRangeOverlap,
    "fk_registrations_race_category_id_event_id": CategoryHasRegistrations,
    "fk_waitlist_entries_race_category_id_event_id": CategoryHasRegistrations,
    "ck_category_places_never_oversold": QuotaBelowTaken,
    "ck_category_places_bibs_in_range": BibsAlreadyGiven,
    "ck_category_places_bib_for_every_place": BibsAlreadyGiven,
}

BIBS_BACKWARDS = Wording(
    en="The last BIB must not be lower than the first.",
    id="Nomor BIB terakhir tidak boleh lebih kecil dari yang pertama.",
)
TOO_FEW_BIBS = Wording(
    en="There must be a BIB for every place; widen the range or lower the quota.",
    id="Harus ada satu nomor BIB untuk setiap tempat; perlebar rentang atau turunkan kuota.",
)
CLOSES_TOO_EARLY = Wording(en="Registration must close after it opens.", id="Pendaftaran harus ditutup setelah dibuka.")

_FIELD_RULES: Mapping[str, tuple[str, Wording]] = {
    "ck_race_categories_bib_range": ("bib_end_number", BIBS_BACKWARDS),
    "ck_race_categories_bibs_for_all": ("bib_end_number", TOO_FEW_BIBS),
    "ck_race_categories_open_before_close": ("registration_close_at", CLOSES_TOO_EARLY),
}


@asynccontextmanager
async def _refusals_named(work: UnitOfWork) -> AsyncIterator[None]:
    """Translate violated constraints of the block into the errors of the API."""
    try:
        async with work.session.begin_nested():
            yield
    except IntegrityError as error:
        name = constraint_of(error)
        if name in _FIELD_RULES:
            raise InvalidFields(_FIELD_RULES[name]) from None
        if name in _REFUSALS:
            raise _REFUSALS[name] from None
        raise


async def create_event(work: UnitOfWork, fields: Fields, *, by: str) -> UUID:
    """Create a race and return its id.

    Raises:
        SlugTaken, InvalidFields: its date is not after today, or runners could correct data after it.
    """
    require_future(fields["event_date"], fields["timezone"], work.now)
    require_within_race(fields.get("changes_until"), fields["event_date"], fields["timezone"])
    event_id = uuid4()
    async with _refusals_named(work):
        await work.session.execute(insert(Race).values(id=event_id, created_at=work.now, updated_at=work.now, **fields))
    await work.audit(by, "event.create", f"event:{event_id}", **_difference({}, fields))
    return event_id


async def change_event(
    work: UnitOfWork, event_id: UUID, fields: Fields, *, by: str, notify_runners: bool | None = None
) -> None:
    """Change a race's fields and publish those that messages and other services copy.

    Args:
        notify_runners: whether confirmed runners get a message; None sends one if the day or the place changed.

    Raises:
        UnknownEvent, SlugTaken, InvalidFields: the new date is not after today, or runners could correct data after it.
    """
    race = await _held_race(work, event_id)
    timezone = fields.get("timezone", race.timezone)
    if "event_date" in fields:
        require_future(fields["event_date"], timezone, work.now)
    if fields.keys() & {"event_date", "timezone", "changes_until"}:
        until = fields.get("changes_until", race.changes_until)
        require_within_race(until, fields.get("event_date", race.event_date), timezone)
    before = {name: getattr(race, name) for name in fields}
    changed = {name for name, value in fields.items() if before[name] != value}
    async with _refusals_named(work):
        await work.session.execute(update(Race).where(Race.id == event_id).values(updated_at=work.now, **fields))
    repeated = changed & REPEATED_ELSEWHERE
    moved = bool(changed & {"event_date", "location"})
    notify = moved if notify_runners is None else notify_runners
    if repeated or notify:
        await announce_race(work, event_id, repeated, notify_runners=notify)
    await work.audit(by, "event.change", f"event:{event_id}", **_difference(before, fields), notified=notify)


def _difference(before: Fields, after: Fields) -> dict[str, Any]:
    """Return the details of a change for the audit log; of the contact, who is a person, only the field's name."""
    return before_and_after(before, after, named_only=["contact_whatsapp"])


async def _held_race(work: UnitOfWork, event_id: UUID) -> Race:
    race = await work.session.get(Race, event_id, with_for_update=True, populate_existing=True)
    if race is None:
        raise UnknownEvent
    return race


def require_future(event_date: date, timezone: str, now: datetime) -> None:
    """Check that a date is after today, by the calendar of the race's time zone, and far from the calendar's end.

    Raises:
        InvalidFields.
    """
    ahead = event_date - day_in(now, timezone)
    if ahead <= timedelta():
        raise InvalidFields(("event_date", NOT_IN_FUTURE))
    if ahead > _FARTHEST:
        raise InvalidFields(("event_date", TOO_FAR_AHEAD))


def require_within_race(changes_until: datetime | None, event_date: date, timezone: str) -> None:
    """Check that the time until which runners may correct their data is not after the day of the race.

    Raises:
        InvalidFields.
    """
    if changes_until is not None and changes_until >= end_of_day(event_date, timezone):
        raise InvalidFields(("changes_until", AFTER_THE_RACE))


async def create_category(work: UnitOfWork, event_id: UUID, fields: Fields, *, by: str) -> UUID:
    """Create a category with its places and return its id.

    Raises:
        UnknownEvent, SlugTaken, PrefixTaken, BibRangeOverlap, InvalidFields.
    """
    number = (await work.session.execute(select(Race.number).where(Race.id == event_id))).scalar_one_or_none()
    if number is None:
        raise UnknownEvent
    category_id = uuid4()
    async with _refusals_named(work):
        await work.session.execute(
            insert(RaceCategory).values(
                id=category_id,
                event_id=event_id,
                event_number=number,
                created_at=work.now,
                updated_at=work.now,
                **fields,
            )
        )
        await places.create(
            work,
            category_id,
            quota=fields["quota"],
            bib_start=fields["bib_start_number"],
            bib_end=fields["bib_end_number"],
        )
    await work.audit(by, "category.create", f"category:{category_id}", **_difference({}, fields))
    return category_id


async def change_category(
    work: UnitOfWork, category_id: UUID, fields: Fields, *, by: str, on_freed: OnPlacesFreed
) -> None:
    """Change a category's fields; changes of quota and BIB range are applied to its places in the same transaction.

    Burned places become free as far as the range has BIBs for them again, and a smaller quota removes burned places
    first.

    Args:
        on_freed: called when places may have become free.

    Raises:
        UnknownCategory, SlugTaken, PrefixTaken, BibRangeOverlap, QuotaBelowTaken, BibsAlreadyGiven,
            NumbersAlreadyGiven, InvalidFields.
    """
    async with _refusals_named(work):
        counters = await places.lock_counters(work, category_id)
        if counters is None:
            raise UnknownCategory
        before = await work.session.get_one(RaceCategory, category_id, populate_existing=True)
        was = {name: getattr(before, name) for name in fields}
        _keep_numbers(before, counters, fields)
        counters = _resized(before, counters, fields)
        renamed = fields.get("name", before.name) != before.name
        await work.session.execute(
            update(RaceCategory).where(RaceCategory.id == category_id).values(updated_at=work.now, **fields)
        )
        if renamed:
            await announce_race(work, before.event_id, {"categories"}, notify_runners=False)
        await places.write_counters(work, category_id, counters)
    await on_freed(work, category_id)
    await work.audit(by, "category.change", f"category:{category_id}", **_difference(was, fields))


def _keep_numbers(before: RaceCategory, counters: Places, fields: Fields) -> None:
    numbered = counters.last_number > 0
    if numbered and fields.get("registration_prefix", before.registration_prefix) != before.registration_prefix:
        raise NumbersAlreadyGiven


def _resized(before: RaceCategory, counters: Places, fields: Fields) -> Places:
    return resized(
        counters,
        quota=fields.get("quota", counters.quota),
        old_start=before.bib_start_number,
        bib_start=fields.get("bib_start_number", before.bib_start_number),
        bib_end=fields.get("bib_end_number", counters.bib_end),
    )


async def delete_category(work: UnitOfWork, category_id: UUID, *, by: str) -> None:
    """Delete a category that never had a registration.

    Raises:
        UnknownCategory, CategoryHasRegistrations.
    """
    await places.lock_places(work, category_id)  # before the category, as admission does
    async with _refusals_named(work):
        deleted = delete(RaceCategory).where(RaceCategory.id == category_id)
        row = (await work.session.execute(deleted.returning(RaceCategory.event_id, RaceCategory.name))).first()
        if row is None:
            raise UnknownCategory
    before = {"event_id": str(row.event_id), "name": row.name}
    await work.audit(by, "category.delete", f"category:{category_id}", before=before)
