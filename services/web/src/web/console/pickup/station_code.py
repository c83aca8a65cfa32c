"""The address of the check-in app for a station, as a QR code and on a sheet for its desk."""

import io
from typing import Final
from uuid import UUID

import segno
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Checkin
from web.console.pages import console_page
from web.console.pickup.answers import app_path, station_of
from web.console.pickup.stations import PATH
from web.console.routing import ConsoleRouter
from web.pages import PRIVATE

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{station_id}}"


@router.page(f"{_ONE}/code.svg")
async def show_code(request: Request, staff: Admin, station_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Return the address of a station's app as a QR code."""
    picture = _drawn(request.app.state.settings.public_url + app_path(station_id))
    return Response(picture, media_type="image/svg+xml", headers=PRIVATE)


@router.page(f"{_ONE}/sheet")
async def show_sheet(request: Request, staff: Admin, checkin: Checkin, station_id: UUID) -> Response:
    """The sheet for the desk, to be printed; it has no PIN."""
    station = await station_of(checkin, station_id)
    return console_page(request, staff, "pickup/sheet.html", station=station)


def _drawn(text: str) -> bytes:
    picture = io.BytesIO()
    # With a unit, segno writes a `viewBox`, without which some browsers cut the picture instead of scaling it.
    segno.make_qr(text, error="m").save(
        picture, kind="svg", scale=8, border=4, unit="px", light="#fff", svgclass=None, lineclass=None
    )
    return picture.getvalue()
