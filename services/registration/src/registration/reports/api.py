"""Routes for statistics and reports."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import AnyStaff
from chassis.database import Database
from chassis.errors import InvalidFields
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.downloads import CsvFile, XlsxFile, csv_file, xlsx_file
from chassis.web.models import Moment, Total, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Query

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.entries.rules import Status
from registration.reports import queries
from registration.reports.breakdown import COLUMN_NAMES, Breakdown, break_down
from registration.reports.rules import Interval, bucket_starts

router = Router(tags=["reports"])


class CategoryStats(View):
    """Counts of one category in one status."""

    category_id: UUID
    category_name: str
    status: Status
    registrations: int
    participants: int
    amount: Total
    currency: str


class CategorySummary(View):
    """A category's registrations by status, its money, places and waiting list.

    `registered` counts the registrations of all statuses. `participants` and `amount_expected` are of those that hold
    places, paid or not; `participants_paid` and `amount_verified` of those whose payment is verified. Of the taken
    places, `places_offered` are held for the waiting list and `places_burned` have no BIB left. `bibs_burned` are BIBs
    of runners who were cancelled; they are never given again.
    """

    category_id: UUID
    category_name: str
    event_id: UUID
    currency: str
    registered: int
    pending_payment: int
    payment_uploaded: int
    payment_verified: int
    expired: int
    cancelled: int
    participants: int
    participants_paid: int
    amount_expected: Total
    amount_verified: Total
    quota: int
    places_taken: int
    places_left: int
    places_offered: int
    places_burned: int
    bibs_burned: int
    waitlist_entries: int
    waitlist_participants: int


class Stats(View):
    """Counts of registrations: by category and status as far as there are any, and of every category."""

    items: list[CategoryStats]
    categories: list[CategorySummary]


class Bucket(View):
    """An hour or a day from `at`, in the race's time zone.

    Registrations and their participants are counted when they were made, payments and their amount when they were
    verified, whatever became of them afterwards.
    """

    at: datetime
    registered: int
    participants: int
    verified: int
    amount: Total


class Timeline(View):
    """Buckets in the order of time, with those in which nothing happened."""

    items: list[Bucket]
    interval: Interval
    timezone: str
    currency: str


class ValueCount(View):
    """Participants who have a value; `confirmed` of them have a BIB."""

    value: str
    participants: int
    confirmed: int


class ParticipantCounts(View):
    """Participants of registrations that hold places, paid or not. Ages are those reached in the year of the race."""

    participants: int
    confirmed: int
    registration_type: list[ValueCount]
    gender: list[ValueCount]
    age_group: list[ValueCount]
    jersey_size: list[ValueCount]


class CategoryParticipantCounts(ParticipantCounts):
    """The same of one category."""

    category_id: UUID
    category_name: str


class ParticipantReport(View):
    """Counts of a race's participants: of each category, and of all."""

    event_id: UUID
    categories: list[CategoryParticipantCounts]
    total: ParticipantCounts


@router.get("/stats")
async def show_stats(_: AnyStaff, session: Read, event_id: Annotated[UUID | None, Query()] = None) -> Stats:
    """Return counts and amounts by category and status, and a summary of each category."""
    counts = await queries.counts_by_status(session, event_id)
    places = await queries.places_by_category(session, event_id)
    summaries = [queries.summary(category, counts) for category in places]
    return Stats.model_validate({"items": counts, "categories": summaries})


@router.get("/stats/timeline", responses=errors(UnknownEvent, UnknownCategory, InvalidFields))
async def show_timeline(
    _: AnyStaff,
    session: Read,
    database: OwnDatabase,
    event_id: UUID,
    interval: Interval,
    category_id: Annotated[UUID | None, Query()] = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> Timeline:
    """Return registrations and payments over time, by hour or by day of the race's time zone.

    The first bucket contains `from`, by default 48 hours or 30 days before `to`, which is now by default. At most 750
    buckets are returned.
    """
    race = await queries.race_facts(session, event_id, category_id)
    starts = bucket_starts(since, until, interval, race.timezone, now=database.clock())
    items = await queries.timeline(session, event_id, category_id, starts)
    return Timeline.model_validate(
        {"items": items, "interval": interval, "timezone": race.timezone, "currency": race.currency}
    )


@router.get("/reports/participants", responses=errors(UnknownEvent))
async def show_participants(_: AnyStaff, session: Read, event_id: UUID) -> ParticipantReport:
    """Return how many participants a race has, by category and type, gender, age group and jersey size."""
    race = await queries.race_facts(session, event_id)
    people = await queries.people(session, event_id)
    names = await queries.category_names(session, event_id)  # after the people, so that it has all their categories
    by_category, total = break_down(people, names, race_year=race.year)
    categories = [
        {"category_id": category_id, "category_name": names[category_id], **counts.view()}
        for category_id, counts in by_category.items()
    ]
    return ParticipantReport.model_validate({"event_id": event_id, "categories": categories, "total": total.view()})


async def _rows(_: AnyStaff, database: OwnDatabase, event_id: UUID) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """Return the report as rows, in one batch."""
    names, by_category = await _breakdown(database, event_id)
    rows = [row for category_id, counts in by_category.items() for row in counts.rows(names[category_id])]

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        yield rows

    return batches()


async def _breakdown(database: Database, event_id: UUID) -> tuple[dict[UUID, str], dict[UUID, Breakdown]]:
    async with database.read() as session:
        race = await queries.race_facts(session, event_id)
        people = await queries.people(session, event_id)
        names = await queries.category_names(session, event_id)
    by_category, _ = break_down(people, names, race_year=race.year)
    return names, by_category


Rows = Annotated[AsyncIterator[Sequence[Sequence[Any]]], Depends(_rows)]


@router.get("/reports/participants.csv", response_class=CsvFile, responses=errors(UnknownEvent))
async def export_participants_as_csv(rows: Rows) -> CsvFile:
    """Return the counts of participants as CSV: one row per category and value."""
    return csv_file("participant-counts", COLUMN_NAMES, rows)


@router.get("/reports/participants.xlsx", response_class=XlsxFile, responses=errors(UnknownEvent))
async def export_participants_as_xlsx(rows: Rows) -> XlsxFile:
    """Return the counts of participants as XLSX: one row per category and value."""
    return xlsx_file("participant-counts", COLUMN_NAMES, rows, sheet="Peserta")
