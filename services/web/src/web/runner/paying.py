"""The ways to pay on the page of a registration: the choice, each of them, and the picture of a QR code."""

import asyncio
from typing import Annotated, Final

from chassis.auth.access import public
from chassis.errors import NotFound
from chassis.web.forms import form_of
from chassis.web.routing import Router
from fastapi import Depends, Path, Response

from web.access import PATH, keep_renewed
from web.forms import id_in
from web.languages import ENGLISH_PREFIX
from web.pages import PRIVATE, see_other
from web.runner.choosing import Chosen, Trouble, choose
from web.runner.codes import as_file
from web.runner.page import status_page
from web.runner.reading import CurrentVisit, active_among, read_charges, read_own_invoice
from web.runner.ways import Way, Wish

router = Router(dependencies=[public])

_CHOICE: Final = f"{PATH}/{{number}}/pay"
_WAY: Final = f"{_CHOICE}/{{way}}"
_LONGEST_NETWORK: Final = 20


def _way_of(way: Annotated[str, Path(max_length=60)]) -> Way:
    """Return the way to pay of an address.

    Raises:
        NotFound.
    """
    found = Way.of_slug(way)
    if found is None:
        raise NotFound
    return found


OneWay = Annotated[Way, Depends(_way_of)]


@router.get(_CHOICE)
@router.get(ENGLISH_PREFIX + _CHOICE)
async def show_choice(visit: CurrentVisit) -> Response:
    """The page of a registration with all ways to pay, also after one was chosen."""
    return await status_page(visit, Wish(is_choice=True))


@router.get(_WAY)
@router.get(ENGLISH_PREFIX + _WAY)
async def show_way(visit: CurrentVisit, way: OneWay) -> Response:
    """The page of a registration with one way to pay."""
    return await status_page(visit, Wish(way))


@router.post(_WAY)
@router.post(ENGLISH_PREFIX + _WAY)
async def choose_way(visit: CurrentVisit, way: OneWay) -> Response:
    """Choose a way to pay, then show it; if that is not possible, the choice says why, of ways or of networks."""
    if await read_own_invoice(visit) is None:
        return see_other(visit.request, f"{PATH}/{visit.access.number}")
    async with form_of(visit.request, max_files=0, max_fields=2) as form:
        chosen = Chosen(way, _network_in(form.get("network")), id_in(form.get("replace")))
    shown = await choose(visit, chosen)
    if isinstance(shown, Trouble):
        return await status_page(visit, Wish(way) if shown.network else Wish(is_choice=True), trouble=shown)
    return see_other(visit.request, f"{PATH}/{visit.access.number}{Wish(shown).path}")


def _network_in(sent: object) -> str | None:
    """Return the network of a form; None if there is none, or what is no word for one."""
    return sent if isinstance(sent, str) and sent.isalnum() and len(sent) <= _LONGEST_NETWORK else None


@router.get(f"{_WAY}/qris.png")
@router.get(f"{ENGLISH_PREFIX}{_WAY}/qris.png")
async def save_code(visit: CurrentVisit, way: OneWay) -> Response:
    """The QR code of the charge that is to be paid in this way, as a picture for the gallery."""
    invoice, charges = await asyncio.gather(read_own_invoice(visit), read_charges(visit))
    active = active_among(charges, visit) if invoice else None
    if active is None or Way.of_charge(active) != way or active.qr_string is None:
        raise NotFound
    response = Response(as_file(active.qr_string), media_type="image/png", headers=PRIVATE)
    keep_renewed(visit.request, response)
    return response
