"""One receiving key: comparing its first addresses with the wallet, and the addresses that invoices took."""

import asyncio
from typing import Final
from uuid import UUID

from chassis.errors import NotFound
from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Owner
from web.console.apis import Failure, Identity, Payment, StaffApi
from web.console.exports.downloads import passed_on
from web.console.exports.kinds import file_name
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page, done, form_after
from web.console.races.forms import placed
from web.console.routing import ConsoleRouter
from web.console.usdt.keys import PATH
from web.console.usdt.models import Key, Keys
from web.forms import typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{key_id}}"


@router.page(_ONE)
async def show_key(request: Request, key_id: UUID, staff: Owner, payment: Payment, identity: Identity) -> Response:
    """Show a key, and the form that confirms its first address if it is not used yet."""
    return await _page(request, staff, payment, identity, key_id)


@router.action(_ONE)
async def confirm_key(request: Request, key_id: UUID, staff: Owner, payment: Payment, identity: Identity) -> Response:
    """Confirm the first address of a key, which is used from now on."""
    async with form_of(request, max_fields=4) as form:
        address = typed(form).get("address", "")
    failure = await payment.change("POST", f"{PATH}/{key_id}/confirm", {"address": address})
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{key_id}", "confirmed")
    failure = placed(failure, {"address_differs": "address"}, {})
    return await _page(request, staff, payment, identity, key_id, address, failure)


@router.page(f"{_ONE}/addresses")
async def send_addresses(
    request: Request,
    key_id: UUID,
    staff: Owner,  # noqa: ARG001  # the gate
    payment: Payment,
) -> Response:
    """Send the addresses that invoices took from a key as CSV."""
    return await passed_on(payment, f"{PATH}/{key_id}/addresses.csv", file_name(request, "csv", "usdt-addresses"))


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    key_id: UUID,
    address: str = "",
    failure: Failure | None = None,
) -> Response:
    found, names = await asyncio.gather(payment.get(Keys, PATH), staff_names(identity, staff))
    key = next((each for each in found.items if each.key_id == key_id), None)
    if key is None:
        raise NotFound
    return console_page(
        request,
        staff,
        "usdt/key.html",
        status=failure.status if failure else 200,
        key=key,
        replaced=_replaced(key, found),
        form=form_after({"address": address}, failure),
        message=failure.message if failure else None,
        names=names,
    )


def _replaced(key: Key, keys: Keys) -> Key | None:
    """Return the key that is retired when this one is confirmed; None if there is none."""
    return next((each for each in keys.items if each.state == "active" and each.key_id != key.key_id), None)
