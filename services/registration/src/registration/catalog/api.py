"""Routes for races and categories."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff, public
from chassis.database import Database, UnitOfWork
from chassis.errors import InvalidFields
from chassis.single_flight import SingleFlightCache
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, from_state
from chassis.web.limits import AddressLimit, TooManyRequests
from chassis.web.models import Amount, Cursor, Day, OrNone, SearchText, Slug, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Wording
from fastapi import Depends, Query, Request, Response

from registration.catalog import commands, queries
from registration.catalog.errors import (
    BibRangeOverlap,
    CategoryHasRegistrations,
    NumbersAlreadyGiven,
    PrefixTaken,
    SlugTaken,
    UnknownCategory,
    UnknownEvent,
)
from registration.catalog.forms import CategoryChanges, EventChanges, NewCategory, NewEvent
from registration.catalog.phases import NextPricesView, PhaseView, PricesView
from registration.catalog.pictures import PictureView
from registration.catalog.tables import EventPicture
from registration.dependencies import PlacesFreed
from registration.places.errors import BibsAlreadyGiven, QuotaBelowTaken

router = Router(tags=["catalog"])


class CategoryView(View):
    """A category. Prices are per participant.

    `price_*` is what has to be paid now, which is `current_prices`; in answers to staff it is what they set, which is
    `regular_prices`. `price_phase` is null while these apply, and then so is `next_prices`, the prices after it. With
    `code_required` all registrations need a promo code that grants access.
    """

    id: UUID
    event_id: UUID
    name: str
    slug: str
    description: str | None
    distance: str | None
    price_individual: Amount
    price_collective_5: Amount | None
    price_collective_10: Amount | None
    price_phase: PhaseView | None
    next_prices: NextPricesView | None
    current_prices: PricesView
    regular_prices: PricesView
    code_required: bool
    currency: str
    quota: int
    places_left: int
    registration_prefix: str
    bib_start_number: int
    bib_end_number: int
    is_active: bool
    registration_open_at: datetime | None
    registration_close_at: datetime | None
    payment_deadline_hours: int


class EventSummary(View):
    """A race without its long texts.

    With `has_course` there is a file of its course, whose longest line has `course_meters`. `course_version` changes
    with the file.
    """

    id: UUID
    name: str
    slug: str
    event_date: date
    location: str
    timezone: str
    logo_path: str | None
    banner_path: str | None
    banner: PictureView | None
    logo: PictureView | None
    is_active: bool
    changes_until: datetime | None
    contact_whatsapp: str | None
    brand_color: str | None
    strava_club_url: str | None
    strava_event_url: str | None
    strava_route_url: str | None
    has_course: bool
    course_meters: int | None
    course_version: str | None
    categories: list[CategoryView]


class EventView(EventSummary):
    """A race with its categories. `banner` and `logo` are uploaded; the addresses beside them are elsewhere."""

    description: str | None
    rules: str | None
    pickup_info: str | None


EventT = TypeVar("EventT", bound=EventSummary)


class EventList(View, Generic[EventT]):
    """Races: all, or a page of those that were searched for."""

    items: list[EventT]
    next_cursor: str | None = None


ENDS_TOO_EARLY = Wording(
    en="The last day must not be before the first.", id="Hari terakhir tidak boleh sebelum hari pertama."
)

_PAGE = 50
_PUBLIC_FOR = timedelta(seconds=1)


@dataclass(frozen=True)
class _Rendered:
    """A response body with its ETag."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, view: View) -> "_Rendered":
        body = view.model_dump_json().encode()
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


@dataclass(frozen=True)
class Course:
    """The version of an event's course that is shown."""

    event_id: UUID
    version: str


@dataclass(frozen=True)
class PublicCatalog:
    """The public catalog, rendered, the files of its pictures by slug, kind and name, and the courses by slug."""

    everything: _Rendered
    summary: _Rendered
    by_slug: Mapping[str, _Rendered]
    pictures: Mapping[tuple[str, str, str], EventPicture]
    courses: Mapping[str, Course]


def public_catalog(database: Database) -> SingleFlightCache[PublicCatalog]:
    """Return a cache of the public races in `database`, read at most once a second."""

    async def read() -> PublicCatalog:
        async with database.read() as session:
            found = await queries.active_events(session, now=database.clock())
        events = EventList[EventView].model_validate({"items": found})
        return PublicCatalog(
            everything=_Rendered.of(events),
            summary=_Rendered.of(EventList[EventSummary].model_validate({"items": found})),
            by_slug={event.slug: _Rendered.of(event) for event in events.items},
            pictures={(each["slug"], file.kind, file.name): file for each in found for file in each["picture_files"]},
            courses={each.slug: Course(each.id, each.course_version) for each in events.items if each.course_version},
        )

    return SingleFlightCache(read, age=_PUBLIC_FOR, clock=database.clock)


OwnCatalog = Annotated[SingleFlightCache[PublicCatalog], from_state("public_catalog")]


async def _change_of_catalog(database: OwnDatabase, catalog: OwnCatalog) -> AsyncIterator[UnitOfWork]:
    """Open a unit of work; after its commit, drop the cached public catalog."""
    try:
        async with database.work() as work:
            yield work
    finally:
        catalog.forget()


ChangeOfCatalog = Annotated[UnitOfWork, Depends(_change_of_catalog, scope="function")]


@dataclass(frozen=True)
class _Asked:
    """The parameters of a search; None if they are missing or empty."""

    q: Annotated[SearchText | None, Query(description="words; the last one may be unfinished")] = None
    first_day: Annotated[OrNone[Day], Query(alias="from", description="first day of the race")] = None
    last_day: Annotated[OrNone[Day], Query(alias="to", description="last day of the race")] = None
    limit: Annotated[int | None, Query(ge=1, le=200, description="50 if another parameter is given")] = None
    cursor: Cursor = None
    fields: Annotated[
        Literal["summary"] | None, Query(description="`summary` leaves out the texts; all fields if it is missing")
    ] = None

    def anything(self) -> bool:
        """Return whether there is anything to search for."""
        return any((self.q, self.first_day, self.last_day, self.limit)) or self.cursor is not None


Asked = Annotated[_Asked, Depends()]
ListT = TypeVar("ListT", EventList[EventView], EventList[EventSummary])

_cursors = CursorOf(tuple[Day, UUID])


@router.get(
    "/events",
    dependencies=[public],
    response_model=EventList[EventView] | EventList[EventSummary],
    responses=errors(TooManyRequests),
)
async def list_events(
    request: Request, catalog: OwnCatalog, database: OwnDatabase, asked: Asked
) -> Response | EventList[EventView] | EventList[EventSummary]:
    """Return active races, soonest first. May be a few seconds old.

    With a parameter they are searched: a page of the races that have all words of `q` in name, description or
    location, without regard to case and accents, and whose day is in the range.
    """
    if not asked.anything():
        known = await catalog.get()
        return _cacheable(request, known.summary if asked.fields else known.everything)
    limit: AddressLimit = request.app.state.limits["searches"]
    limit.admit(request)
    if asked.fields:
        return await _found(EventList[EventSummary], database, asked)
    return await _found(EventList[EventView], database, asked)


async def _found(kind: type[ListT], database: Database, asked: _Asked) -> ListT:
    """Return a page of what matches.

    Raises:
        InvalidFields.
    """
    if asked.first_day and asked.last_day and asked.first_day > asked.last_day:
        raise InvalidFields(("to", ENDS_TOO_EARLY))
    wanted = queries.Search(asked.q, asked.first_day, asked.last_day)
    limit, after = asked.limit or _PAGE, _cursors.decode(asked.cursor)
    async with database.read() as session:
        rows = await queries.search(session, wanted, limit=limit, after=after, now=database.clock())
    page = kind.model_validate({"items": rows[:limit]})
    if len(rows) > limit:
        page.next_cursor = _cursors.encode(page.items[-1].event_date, page.items[-1].id)
    return page


@router.get("/catalog")
async def list_all_events(_: AnyStaff, session: Read, database: OwnDatabase) -> EventList[EventView]:
    """Return every race with all categories, for staff."""
    return EventList[EventView].model_validate({"items": await queries.all_events(session, now=database.clock())})


@router.get("/events/{slug}", dependencies=[public], response_model=EventView, responses=errors(UnknownEvent))
async def show_event(slug: Slug, request: Request, catalog: OwnCatalog) -> Response:
    """Return an active race. May be a few seconds old."""
    event = (await catalog.get()).by_slug.get(slug)
    if event is None:
        raise UnknownEvent
    return _cacheable(request, event)


def _cacheable(request: Request, found: _Rendered) -> Response:
    headers = {"ETag": found.etag, "Cache-Control": "public, max-age=1, stale-while-revalidate=5"}
    if _known(request.headers.get("if-none-match", ""), found.etag):
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type="application/json", headers=headers)


def _known(condition: str, etag: str) -> bool:
    """Compare weakly (RFC 9110, 13.1.2), as a gateway that compresses makes ETags weak."""
    candidates = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return etag in candidates or candidates == ["*"]


@router.post("/events", status_code=201, responses=errors(SlugTaken))
async def create_event(body: NewEvent, staff: Admin, work: ChangeOfCatalog) -> EventView:
    """Create a race; its date must be in the future."""
    event_id = await commands.create_event(work, body.model_dump(), by=staff.actor)
    return EventView.model_validate(await queries.event_by_id(work.session, event_id, now=work.now))


@router.patch("/events/{event_id}", responses=errors(UnknownEvent, SlugTaken))
async def change_event(event_id: UUID, body: EventChanges, staff: Admin, work: ChangeOfCatalog) -> EventView:
    """Change a race; a new date must be in the future.

    Other services get the change. With `notify_runners` confirmed runners get a message; without it they get one if the
    day or the place changed.
    """
    fields = body.fields()
    notify = fields.pop("notify_runners", None)
    await commands.change_event(work, event_id, fields, by=staff.actor, notify_runners=notify)
    return EventView.model_validate(await queries.event_by_id(work.session, event_id, now=work.now))


@router.post(
    "/events/{event_id}/categories",
    status_code=201,
    responses=errors(UnknownEvent, SlugTaken, PrefixTaken, BibRangeOverlap),
)
async def create_category(event_id: UUID, body: NewCategory, staff: Admin, work: ChangeOfCatalog) -> CategoryView:
    """Create a category."""
    category_id = await commands.create_category(work, event_id, body.model_dump(), by=staff.actor)
    return CategoryView.model_validate(await queries.category_by_id(work.session, category_id, now=work.now))


@router.patch(
    "/categories/{category_id}",
    responses=errors(
        UnknownCategory,
        SlugTaken,
        PrefixTaken,
        BibRangeOverlap,
        QuotaBelowTaken,
        BibsAlreadyGiven,
        NumbersAlreadyGiven,
    ),
)
async def change_category(
    category_id: UUID, body: CategoryChanges, staff: Admin, work: ChangeOfCatalog, on_freed: PlacesFreed
) -> CategoryView:
    """Change a category. Places from a higher quota are offered to the waiting list first."""
    await commands.change_category(work, category_id, body.fields(), by=staff.actor, on_freed=on_freed)
    return CategoryView.model_validate(await queries.category_by_id(work.session, category_id, now=work.now))


@router.delete(
    "/categories/{category_id}", status_code=204, responses=errors(UnknownCategory, CategoryHasRegistrations)
)
async def delete_category(category_id: UUID, staff: Admin, work: ChangeOfCatalog) -> None:
    """Delete a category without registrations."""
    await commands.delete_category(work, category_id, by=staff.actor)
