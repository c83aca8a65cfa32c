"""Routes for check-ins and counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin
from chassis.web.dependencies import Read, Work
from chassis.web.models import Body, OrNone, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Header, Response
from pydantic import Field

from checkin.dependencies import CurrentStation, CurrentStationOrStaff
from checkin.pickup import commands, queries
from checkin.pickup.errors import (
    AlreadyCheckedIn,
    CheckinUndone,
    IdempotencyKeyReused,
    NotCheckedIn,
    NotValid,
    OtherEvent,
    UnknownTicket,
)
from checkin.pickup.forms import PackForm
from checkin.stations.errors import DeviceRevoked
from checkin.stations.rules import StationSession

router = Router()

Remark = Annotated[Text, Field(max_length=1000)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=100,
        pattern=r"^[\x21-\x7e]+$",
        description="a repeated request with the same key gets the first response again",
    ),
]


class Scan(PackForm):
    """A pack that is handed out now. A malformed ticket code counts as an unknown ticket."""

    notes: OrNone[Remark] = None


class CheckedIn(View):
    """The participant and pack that were checked in."""

    participant_id: UUID
    full_name: str
    bib_number: int
    event_id: UUID
    event_name: str
    category_name: str
    jersey_size: str
    registration_number: str
    checked_in_at: datetime


class Undo(Body):
    """The reason for undoing a check-in."""

    reason: Remark


class CategoryCount(View):
    """Counts of one category."""

    event_id: UUID
    event_name: str
    category_id: UUID
    category_name: str
    handed_out: int
    waiting: int


class StationCount(View):
    """The count of one station."""

    station_id: UUID
    station_name: str
    location_name: str
    handed_out: int


class StationProgress(StationCount):
    """The count of one station, and when it handed out its last pack."""

    last_at: datetime


class HourCount(View):
    """Packs handed out within the hour that begins at `at`. Hours without any are left out."""

    at: datetime
    handed_out: int


class Stats(View):
    """Packs handed out and packs not collected yet. Categories, stations and hours add up to the totals.

    The counts are those of the race `event_id`, or of all races if it is null. `event_name` is also null until an
    event about the race has arrived.
    """

    event_id: UUID | None
    event_name: str | None
    handed_out: int
    waiting: int
    categories: Sequence[CategoryCount]
    stations: Sequence[StationCount]
    by_station: Sequence[StationProgress]
    by_hour: Sequence[HourCount]


@router.post(
    "/checkins",
    status_code=201,
    responses=errors(
        DeviceRevoked, UnknownTicket, OtherEvent, NotValid, AlreadyCheckedIn, IdempotencyKeyReused, CheckinUndone
    ),
)
async def check_in(
    body: Scan, station: CurrentStation, work: Work, response: Response, idempotency_key: IdempotencyKey = None
) -> CheckedIn:
    """Check a participant in: hand the pack over, once."""
    condition = commands.ticket_holder(ticket_code=body.ticket_code, participant_id=body.participant_id)
    done = await commands.check_in(
        work, station, condition, remarks=body.remarks(), notes=body.notes, idempotency_key=idempotency_key
    )
    if done.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return CheckedIn.model_validate(done)


@router.delete("/checkins/{participant_id}", status_code=204, responses=errors(NotCheckedIn))
async def undo_checkin(participant_id: UUID, body: Undo, staff: Admin, work: Work) -> None:
    """Undo a check-in."""
    await commands.undo_checkin(work, participant_id, reason=body.reason, by=staff.actor)


@router.get("/stats", responses=errors(DeviceRevoked))
async def stats(caller: CurrentStationOrStaff, session: Read, event_id: UUID | None = None) -> Stats:
    """Count packs by category, station and hour.

    Without `event_id` the counts are of all races, or of the station's race for a device at a station with a race.
    """
    if event_id is None and isinstance(caller, StationSession):
        event_id = caller.event_id
    return Stats.model_validate(await queries.count_packs(session, event_id=event_id))
