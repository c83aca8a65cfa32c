"""Looking up a registration by a number, name, address or amount."""

import asyncio
from typing import Annotated, Final
from uuid import UUID

from chassis.errors import InvalidFields
from fastapi import Query, Request, Response

from web.console.access import FINANCE, AnyStaff
from web.console.apis import Payment, Registration, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.pages import console_page
from web.console.races.values import amount
from web.console.routing import ConsoleRouter
from web.pages import see_other
from web.upstream.client import Answer, Refused

router = ConsoleRouter()

_LONGEST: Final = 100
_LONGEST_AMOUNT: Final = 9


class _Hit(Answer):
    """A registration, and by what it was found."""

    kind: str
    registration_id: UUID
    registration_number: str
    label: str


class _Hits(Answer):
    items: tuple[_Hit, ...]


class _Invoice(Answer):
    registration_id: UUID
    registration_number: str
    payer_name: str


class _Invoices(Answer):
    items: tuple[_Invoice, ...]


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
    named, of_amount = await asyncio.gather(
        _look_up(registration, text), _of_amount(payment, text if may_see_money else "")
    )
    known = {each.registration_id for each in named}
    hits = (*named, *(each for each in of_amount if each.registration_id not in known))
    if text and len(hits) == 1:
        return see_other(request, f"{ROOT}/registrations/{hits[0].registration_id}")
    return console_page(request, staff, "search/hits.html", hits=hits, searched=text, may_see_money=may_see_money)


async def _look_up(registration: StaffApi, text: str) -> tuple[_Hit, ...]:
    """Return what fits; nothing for a text that is too long or cannot be looked up."""
    if len(text) > _LONGEST:
        return ()
    try:
        return (await registration.get(_Hits, "/registrations/lookup", q=text or None)).items
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        return ()


async def _of_amount(payment: StaffApi, text: str) -> tuple[_Hit, ...]:
    """Return the registrations whose bill is what the text says; nothing if it says no amount or payment is away."""
    try:
        wanted = amount(text)
    except ValueError:
        return ()
    if len(wanted.partition(".")[0]) > _LONGEST_AMOUNT:
        return ()
    found = await unless_away(payment.get(_Invoices, "/invoices", amount=wanted))
    return tuple(
        _Hit(
            kind="amount",
            registration_id=each.registration_id,
            registration_number=each.registration_number,
            label=each.payer_name,
        )
        for each in (found.items if found else ())
    )
