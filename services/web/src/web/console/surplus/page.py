"""The page of one item of kept money, which answers every decision about it that failed."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from web.console.apis import Failure, StaffApi, unless_away
from web.console.names import staff_names
from web.console.pages import console_page, form_after
from web.console.search.finding import Hit, find
from web.console.surplus.around import around
from web.console.surplus.models import Money
from web.console.usdt.returns import networks_back
from web.sessions.staff import StaffSession

PATH: Final = "/surplus"
ONE: Final = f"{PATH}/{{money_id}}"
DECIDED: Final = frozenset({"money_decided", "no_refund_due"})
"""Codes of refusals because of what another person did a moment ago."""

_LONGEST_SEARCH: Final = 100


async def money_page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    registration: StaffApi,
    identity: StaffApi,
    money_id: UUID,
    *,
    failure: Failure | None = None,
    values: Mapping[str, str] | None = None,
) -> Response:
    """Return the page of kept money. `q` of the address looks for the registration that it is for."""
    searched = request.query_params.get("q", "").strip()[:_LONGEST_SEARCH]
    money, names, found = await asyncio.gather(
        payment.get(Money, f"{PATH}/{money_id}"),
        staff_names(identity, staff),
        _hits(registration, payment, searched),
    )
    is_taken = failure is not None and failure.code in DECIDED
    named = (money.choice_id,) if money.choice_id else ()
    beside, networks = await asyncio.gather(
        around(payment, money, (*named, *(each.registration_id for each in found))),
        _networks(payment, money),
    )
    return console_page(
        request,
        staff,
        "surplus/one.html",
        status=failure.status if failure else 200,
        money=money,
        names=names,
        me=staff.account.id,
        searched_for=searched,
        found=found,
        around=beside,
        usual=beside.usual_choice(money.choice_id, [each.registration_id for each in found]),
        networks=networks,
        form=form_after(values or {}, failure),
        message=failure.message if failure and not is_taken else None,
        is_taken=is_taken,
    )


async def _networks(payment: StaffApi, money: Money) -> Sequence[tuple[str, str]]:
    return await networks_back(payment) if money.takes_address else ()


async def _hits(registration: StaffApi, payment: StaffApi, searched: str) -> Sequence[Hit]:
    return (await unless_away(find(registration, payment, searched)) or ()) if searched else ()
