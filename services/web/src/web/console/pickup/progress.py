"""How far the hand-out is: counts that refresh themselves, and packs of registrations cancelled afterwards."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.errors import Unavailable
from fastapi import Query, Request, Response

from web.console.access import ADMIN, POLL, AnyStaff
from web.console.apis import Checkin, Registration, StaffApi, unless_away
from web.console.catalog import all_races, race_of
from web.console.pages import console_page
from web.console.pickup.handouts import CANCELLED, Handouts
from web.console.pickup.hours import ByHour, HourCount
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSession
from web.upstream.client import Answer

router = ConsoleRouter()

PATH: Final = "/pickup"
_LISTED: Final = 10


class _Packs(Answer):
    handed_out: int
    waiting: int

    @property
    def total(self) -> int:
        """Return all packs."""
        return self.handed_out + self.waiting

    @property
    def percent(self) -> int:
        """Return the share that is handed out; 100 only if none is left."""
        return self.handed_out * 100 // self.total if self.total else 0


class _Category(_Packs):
    event_name: str
    category_name: str


class _Station(Answer):
    station_id: UUID
    station_name: str
    location_name: str
    handed_out: int
    last_at: datetime


class _Stats(_Packs):
    categories: Sequence[_Category]
    by_station: Sequence[_Station]
    by_hour: Sequence[HourCount]


@router.page(PATH)
async def show_progress(
    request: Request,
    staff: AnyStaff,
    registration: Registration,
    checkin: Checkin,
    race: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """Show how many packs of a race are handed out; a page that refreshes itself gets the counts only.

    Raises:
        Unavailable: the counts of a page that refreshes itself, which keeps those that it has.
    """
    races = await unless_away(all_races(registration.briefly))
    chosen = race_of(races or (), race)
    event_id = chosen.id if chosen else None
    stats, cancelled = await asyncio.gather(
        unless_away(checkin.get(_Stats, "/stats", event_id=event_id)), _cancelled(staff, checkin, event_id)
    )
    is_refresh = POLL in request.headers
    if is_refresh and stats is None:
        raise Unavailable
    zone = chosen.timezone if chosen else request.app.state.settings.timezone
    return console_page(
        request,
        staff,
        "pickup/live.html" if is_refresh else "pickup/progress.html",
        races=races,
        race=chosen,
        race_zone=zone,
        stats=stats,
        hours=ByHour.of(stats.by_hour, ZoneInfo(zone)) if stats else None,
        cancelled=cancelled,
        may_undo=ADMIN.admits(staff.account.role),
        now=request.app.state.clock(),
    )


async def _cancelled(staff: StaffSession, checkin: StaffApi, event_id: UUID | None) -> Handouts | None:
    """Return the newest packs to ask back; None if they are not for this role, or away."""
    if not ADMIN.admits(staff.account.role):
        return None
    return await unless_away(checkin.get(Handouts, "/checkins", event_id=event_id, state=CANCELLED, limit=_LISTED))
