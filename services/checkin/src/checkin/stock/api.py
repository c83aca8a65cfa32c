"""Routes for the stock of jerseys."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from chassis.auth.access import Admin
from chassis.errors import InvalidFields
from chassis.web.dependencies import Read, Work
from chassis.web.models import Body, Line, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from contracts.envelope import LONGEST_VALUE
from pydantic import AfterValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.dependencies import CurrentStationOrStaff
from checkin.stations.errors import DeviceRevoked
from checkin.stations.rules import StationSession
from checkin.stock import commands, queries

router = Router()

NAME_THE_RACE: Final = Wording(en="Name the race.", id="Sebutkan lombanya.")
SIZE_TWICE: Final = Wording(en="Name each size once.", id="Sebutkan setiap ukuran satu kali saja.")


class SizeStock(View):
    """The jerseys of one size.

    `brought` is null until staff enter it. `handed_out` counts packs that were handed out with this size, `waiting`
    participants who ordered it and have not collected their pack.
    """

    jersey_size: str
    brought: int | None
    handed_out: int
    waiting: int


class Stock(View):
    """The jerseys of a race by size, the smallest first: every size that was brought, ordered or handed out."""

    event_id: UUID
    sizes: Sequence[SizeStock]


class Brought(Body):
    """How many jerseys of a size were brought; null removes the number."""

    jersey_size: Annotated[Line, Field(max_length=LONGEST_VALUE)]
    brought: Annotated[int, Field(ge=0, le=1_000_000)] | None


def _each_once(sizes: Sequence[Brought]) -> Sequence[Brought]:
    if len({each.jersey_size for each in sizes}) != len(sizes):
        raise Refused(SIZE_TWICE)
    return sizes


class StockChange(Body):
    """Sizes of which jerseys were brought. Sizes that are not named stay as they are."""

    sizes: Annotated[list[Brought], Field(max_length=100), AfterValidator(_each_once)]


@router.get("/stock", responses=errors(DeviceRevoked, InvalidFields))
async def show_stock(caller: CurrentStationOrStaff, session: Read, event_id: UUID | None = None) -> Stock:
    """Return the jerseys of a race: by default that of the device's station."""
    if event_id is None and isinstance(caller, StationSession):
        event_id = caller.event_id
    if event_id is None:
        raise InvalidFields(("event_id", NAME_THE_RACE))
    return await _stock(session, event_id)


@router.put("/stock/{event_id}")
async def change_stock(event_id: UUID, body: StockChange, staff: Admin, work: Work) -> Stock:
    """Enter how many jerseys of these sizes were brought."""
    brought = {each.jersey_size: each.brought for each in body.sizes}
    await commands.set_brought(work, event_id, brought, by=staff.actor)
    return await _stock(work.session, event_id)


async def _stock(session: AsyncSession, event_id: UUID) -> Stock:
    return Stock(
        event_id=event_id,
        sizes=[SizeStock.model_validate(each) for each in await queries.count_jerseys(session, event_id)],
    )
