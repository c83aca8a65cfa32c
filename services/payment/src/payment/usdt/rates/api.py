"""Routes of the exchange rate, for finance."""

from typing import Annotated, Final

from chassis.auth.access import Finance
from chassis.errors import InvalidFields
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Line, Moment
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Path
from pydantic import Field

from payment.usdt.rates import commands, queries
from payment.usdt.rates.commands import ManualRate
from payment.usdt.rates.errors import RateNotUsed, UnknownRate
from payment.usdt.rates.models import CurrentRate, Rates, RateView, SourceView

router = Router(prefix="/usdt/rates", tags=["usdt"])

_LARGEST_ID: Final = 2**63 - 1
_cursors = CursorOf(tuple[Moment, Annotated[int, Field(ge=0, le=_LARGEST_ID)]])

RateId = Annotated[int, Path(ge=0, le=_LARGEST_ID)]


class NewRate(Body):
    """Rupiah for one USDT, why it is set, and until when it is used: at most 24 hours."""

    idr_per_usdt: Amount
    reason: Line
    valid_until: Moment


class Withdrawal(Body):
    """Why a rate is withdrawn."""

    reason: Line


@router.get("", responses=errors(InvalidFields))
async def show_rates(
    _: Finance,
    session: Read,
    database: OwnDatabase,
    only_chosen: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Rates:
    """Return the rate that is used now or why there is none, and rates, the newest first.

    `only_chosen` leaves out what single sources said, and medians that were not accepted.
    """
    before, now = _cursors.decode(cursor), database.clock()
    rows = await queries.history(session, only_chosen=only_chosen, limit=limit + 1, before=before)
    items = [RateView.model_validate(row) for row in rows[:limit]]
    current = await queries.current_rate(session, now)
    return Rates(
        items=items,
        next_cursor=_cursors.encode(items[-1].created_at, items[-1].id) if len(rows) > limit else None,
        current=None if current is None else CurrentRate.model_validate(current),
        reason=await queries.why_none(session, now) if current is None else None,
        sources=[SourceView.model_validate(row) for row in await queries.sources(session)],
    )


@router.post("", status_code=201, responses=errors(InvalidFields))
async def set_rate(body: NewRate, staff: Finance, work: Work) -> RateView:
    """Set the rate until a time. It is used instead of what the sources say, and replaces one that was set before."""
    new = ManualRate(body.idr_per_usdt, body.reason, body.valid_until)
    return RateView.model_validate(await commands.set_rate(work, new, by=staff))


@router.post("/{rate_id}/withdraw", responses=errors(InvalidFields, UnknownRate, RateNotUsed))
async def withdraw_rate(rate_id: RateId, body: Withdrawal, staff: Finance, work: Work) -> RateView:
    """Withdraw the rate of staff that is used now, before its end. From now on, what the sources say is used."""
    return RateView.model_validate(await commands.withdraw_rate(work, rate_id, reason=body.reason, by=staff))
