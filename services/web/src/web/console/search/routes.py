"""Looking up a registration by a number, name, address or amount."""

from typing import Annotated

from fastapi import Query, Request, Response

from web.console.access import FINANCE, AnyStaff
from web.console.apis import Payment, Registration
from web.console.menu import ROOT
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.console.search.finding import find
from web.pages import see_other

router = ConsoleRouter()


@router.page("/search")
async def search(
    request: Request,
    staff: AnyStaff,
    registration: Registration,
    payment: Payment,
    q: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Go to the only registration that fits, or list those that do; without a text, the newest."""
    text, may_see_money = q.strip(), FINANCE.admits(staff.account.role)
    hits = await find(registration, payment, text, by_amount=may_see_money)
    if text and len(hits) == 1:
        return see_other(request, f"{ROOT}/registrations/{hits[0].registration_id}")
    return console_page(request, staff, "search/hits.html", hits=hits, searched=text, may_see_money=may_see_money)
