"""Routes for registrations after admission."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff, ItsRunnerOrStaff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read, Work
from chassis.web.downloads import CsvFile, DownloadRunning, XlsxFile, csv_file, xlsx_file
from chassis.web.models import Amount, Body, Cursor, Limit, Moment, Page, SearchText, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Query
from pydantic import Field, PlainSerializer

from registration.catalog.facts import EventFacts
from registration.dependencies import PlacesFreed
from registration.entries import commands, queries
from registration.entries.errors import NotCancellable, NotVerified, UnknownRegistration
from registration.entries.export import COLUMN_NAMES, Participants
from registration.entries.queries import Filter
from registration.entries.rules import Status

router = Router(tags=["registrations"])

_cursors = CursorOf(tuple[Moment, UUID])


class ParticipantView(View):
    """A participant, for its runner and staff."""

    participant_id: UUID = Field(validation_alias="id")
    full_name: str
    email: str
    whatsapp: str
    gender: str
    date_of_birth: date
    jersey_size: str
    identity_number: str | None
    emergency_contact_name: str
    emergency_contact_phone: str
    is_pic: bool
    bib_number: int | None = None


class RegistrationView(View):
    """A registration, for its runner and staff."""

    registration_id: UUID
    registration_number: str
    event_id: UUID
    category_id: UUID
    registration_type: str
    status: Status
    total_participants: int
    total_amount: Amount
    currency: str
    created_at: datetime
    expires_at: datetime
    payment_verified_at: datetime | None
    expired_at: datetime | None
    cancelled_at: datetime | None
    event: EventFacts
    category_name: str
    participants: list[ParticipantView]


class RegistrationSummary(View):
    """A registration in a list."""

    registration_id: UUID
    registration_number: str
    event_id: UUID
    category_id: UUID
    registration_type: str
    status: Status
    total_participants: int
    total_amount: Amount
    currency: str
    created_at: datetime
    expires_at: datetime
    pic_name: str


class Ticket(View):
    """The content of an e-ticket. The code is the content of its QR code."""

    participant_id: UUID
    full_name: str
    bib_number: int
    category_name: str
    ticket_code: str


Total = Annotated[Decimal, PlainSerializer(lambda total: f"{total:.2f}", return_type=str, when_used="json")]
"""A sum of amounts, without the maximum of a single amount."""


class CategoryStats(View):
    """Counts of one category in one status."""

    category_id: UUID
    category_name: str
    status: Status
    registrations: int
    participants: int
    amount: Total
    currency: str


class Stats(View):
    """Counts of registrations."""

    items: list[CategoryStats]


class Cancellation(Body):
    """Staff's reason for cancelling a registration."""

    reason: Annotated[Text, Field(max_length=500)]


EventId = Annotated[UUID | None, Query()]
CategoryId = Annotated[UUID | None, Query()]
StatusFilter = Annotated[Status | None, Query()]
Search = Annotated[SearchText | None, Query()]


@router.get("/registrations")
async def list_registrations(
    _: AnyStaff,
    session: Read,
    event_id: EventId = None,
    category_id: CategoryId = None,
    status: StatusFilter = None,
    q: Search = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RegistrationSummary]:
    """Return registrations, newest first."""
    wanted = Filter(event_id, category_id, status, q)
    rows = await queries.page(session, wanted, limit=limit, after=_cursors.decode(cursor))
    items = [
        RegistrationSummary.model_validate(
            {
                **entry.__dict__,
                "registration_id": entry.id,
                "category_id": entry.race_category_id,
                "pic_name": pic_name,
            }
        )
        for entry, pic_name in rows[:limit]
    ]
    more = len(rows) > limit
    return Page(items=items, next_cursor=_cursor(items[-1]) if more else None)


def _cursor(last: RegistrationSummary) -> str:
    return _cursors.encode(last.created_at, last.registration_id)


@router.get("/registrations/{registration_id}", responses=errors(UnknownRegistration))
async def show_registration(registration_id: UUID, _: ItsRunnerOrStaff, session: Read) -> RegistrationView:
    """Return a registration."""
    return RegistrationView.model_validate(await queries.detail(session, registration_id))


@router.get("/registrations/{registration_id}/tickets", responses=errors(UnknownRegistration, NotVerified))
async def show_tickets(registration_id: UUID, _: ItsRunnerOrStaff, session: Read) -> list[Ticket]:
    """Return the tickets, once the payment is verified."""
    return [Ticket.model_validate(ticket) for ticket in await queries.tickets(session, registration_id)]


@router.post(
    "/registrations/{registration_id}/cancel",
    status_code=204,
    responses=errors(UnknownRegistration, NotCancellable),
)
async def cancel(registration_id: UUID, body: Cancellation, staff: Admin, work: Work, on_freed: PlacesFreed) -> None:
    """Cancel a registration and free its places."""
    await commands.cancel(work, registration_id, reason=body.reason, by=staff.actor, on_freed=on_freed)


@router.get("/stats")
async def show_stats(_: AnyStaff, session: Read, event_id: EventId = None) -> Stats:
    """Return counts and amounts by category and status."""
    return Stats.model_validate({"items": await queries.stats(session, event_id)})


@router.get("/participants.csv", response_class=CsvFile, responses=errors(DownloadRunning))
async def export_as_csv(participants: Participants) -> CsvFile:
    """Return all participants as CSV, for programs: spreadsheets round long numbers in it."""
    return csv_file("participants", COLUMN_NAMES, participants)


@router.get("/participants.xlsx", response_class=XlsxFile, responses=errors(DownloadRunning))
async def export_as_xlsx(participants: Participants) -> XlsxFile:
    """Return all participants as XLSX, for spreadsheets: identifiers are text, dates are dates."""
    return xlsx_file("participants", COLUMN_NAMES, participants, sheet="Peserta")
