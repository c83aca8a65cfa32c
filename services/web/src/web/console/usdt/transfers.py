"""Transfers of tokens to the addresses of invoices, and letting one pay another registration."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Payment, Registration, StaffApi, unless_away
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.races.forms import placed
from web.console.routing import ConsoleRouter
from web.console.search.finding import Hit, find
from web.console.usdt.models import Assigned, Transfer, Transfers
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.networks import network_of
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/usdt/transfers"
STATES: Final = ("pending", "confirmed", "failed")
SETTLED: Final = ("none", "kept", "paid", "ignored")

_ONE: Final = f"{PATH}/{{transfer_id}}"
_LONGEST_SEARCH: Final = 100
_CHANGED: Final = frozenset({"transfer_decided", "money_decided"})
"""Codes of refusals because of what another person or the platform did a moment ago."""

_NONE_CHOSEN: Final = Wording(en="Choose a registration.", id="Pilih satu pendaftaran.")
_AT_REGISTRATION: Final = dict.fromkeys(("amount_mismatch", "already_paid", "invoice_not_found"), "registration")


@router.page(PATH)
async def list_transfers(request: Request, staff: Finance, payment: Payment) -> Response:
    """List transfers, the newest first."""
    state = ListState.of(request, ("state", "settled"))
    wanted = {name: _one_of(state.value(name), known) for name, known in (("state", STATES), ("settled", SETTLED))}
    found = await payment.get(Transfers, PATH, cursor=state.cursor, **wanted)
    return console_page(
        request,
        staff,
        "usdt/transfers.html",
        state=state,
        transfers=found.items,
        next_cursor=found.next_cursor,
        states=STATES,
        settled=SETTLED,
        network_of=network_of,
    )


@router.page(_ONE)
async def show_transfer(
    request: Request, transfer_id: UUID, staff: Finance, payment: Payment, registration: Registration
) -> Response:
    """Show a transfer. `q` looks for the registration that it is to pay."""
    return await _page(request, staff, payment, registration, transfer_id)


@router.action(_ONE)
async def assign_transfer(
    request: Request, transfer_id: UUID, staff: Finance, payment: Payment, registration: Registration
) -> Response:
    """Let a transfer pay a registration."""
    async with form_of(request, max_fields=4) as form:
        values = typed(form)
    chosen = values.get("registration", "")
    if not chosen:
        error = FieldError("registration", _NONE_CHOSEN.said(language_of_path(request.url.path)))
        missing = Failure(InvalidFields.status, InvalidFields.code, errors=[error])
        return await _page(request, staff, payment, registration, transfer_id, values, missing)
    outcome = await payment.create(Assigned, f"{PATH}/{transfer_id}/assign", json={"registration_id": chosen})
    if isinstance(outcome, Failure):
        failure = placed(outcome, _AT_REGISTRATION, {"registration_id": "registration"})
        return await _page(request, staff, payment, registration, transfer_id, values, failure)
    return done(request, f"{ROOT}{PATH}/{transfer_id}", "assigned" if outcome.payment_id else "checked")


def _one_of(value: str, known: Sequence[str]) -> str | None:
    return value if value in known else None


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    registration: StaffApi,
    transfer_id: UUID,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    searched = request.query_params.get("q", "").strip()[:_LONGEST_SEARCH]
    transfer, found = await asyncio.gather(
        payment.get(Transfer, f"{PATH}/{transfer_id}"), _hits(registration, payment, searched)
    )
    is_taken = failure is not None and failure.code in _CHANGED
    return console_page(
        request,
        staff,
        "usdt/transfer.html",
        status=failure.status if failure else 200,
        transfer=transfer,
        network=network_of(transfer.network),
        searched_for=searched,
        found=found,
        form=form_after(values or {}, failure),
        message=failure.message if failure and not is_taken else None,
        is_taken=is_taken,
    )


async def _hits(registration: StaffApi, payment: StaffApi, searched: str) -> Sequence[Hit]:
    return (await unless_away(find(registration, payment, searched)) or ()) if searched else ()
