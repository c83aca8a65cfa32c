"""Routes for the payment instructions: public to read, admins change them."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from chassis.auth.access import Admin, public
from chassis.errors import InvalidFields, PayloadTooLarge, TooBusy, Unavailable
from chassis.images.errors import ImageMissing, UnsupportedImage
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Body, Line, OrNone, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Request, Response
from pydantic import Field

from payment.dependencies import Images, OwnImageProcessor
from payment.instructions import commands, queries
from payment.instructions.errors import NoQrisImage
from payment.instructions.reasons import Reason, Reasons, reasons_in
from payment.instructions.tables import PaymentSettings
from payment.limits import MAX_FILE_BYTES

router = Router(tags=["instructions"])

QRIS_ADDRESS = "/api/payment/v1/instructions/qris.png"
_BASE64_BYTES = MAX_FILE_BYTES * 4 // 3 + 100
SETTINGS_BYTES = _BASE64_BYTES + 64 * 1024
# The gateway caches for as long and sends the full max-age to browsers.
_CACHEABLE = {"Cache-Control": "public, max-age=30"}


class Instructions(View):
    """The payment instructions. `qris_image` is the address of the image; null if there is none."""

    bank_name: str | None
    account_number: str | None
    account_holder_name: str | None
    payment_instructions: str | None
    qris_image: str | None


class SettingsView(Instructions):
    """The settings. `payment_deadline_hours` is the time for another proof after one was rejected.

    `rejection_reasons` are those that staff choose from, in the order of their keys.
    """

    payment_deadline_hours: int
    rejection_reasons: Sequence[Reason]


class NewSettings(Body):
    """All settings. An absent field is cleared, except `qris_image` and `rejection_reasons`, which then stay.

    `qris_image`: base64 of a JPEG, PNG or WebP of up to 2 MB, bare or as a data URL; null removes the image; the
    address that GET returned keeps it. `rejection_reasons`: up to nine; null for those that come with the product.
    """

    qris_image: Annotated[str, Field(max_length=_BASE64_BYTES)] | None = None
    bank_name: OrNone[Annotated[Line, Field(max_length=100)]] = None
    account_number: OrNone[Annotated[Line, Field(max_length=50)]] = None
    account_holder_name: OrNone[Line] = None
    payment_instructions: OrNone[Text] = None
    payment_deadline_hours: Annotated[int, Field(ge=1, le=720)] = 24
    rejection_reasons: Reasons | None = None

    @property
    def keeps_image(self) -> bool:
        """Return whether the stored image stays."""
        return "qris_image" not in self.model_fields_set or self.qris_image == QRIS_ADDRESS

    @property
    def kept(self) -> set[str]:
        """Return the fields that stay as they are because clients of older releases do not send them."""
        return {"rejection_reasons"} - self.model_fields_set


@router.get("/instructions", dependencies=[public], response_model=Instructions)
async def show_instructions(request: Request, session: Read) -> Response:
    """Return the payment instructions. Cached: up to a minute old."""
    view = Instructions.model_validate(_fields(await queries.settings_row(session)))
    body = view.model_dump_json().encode()
    headers = {**_CACHEABLE, "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if _is_cached(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get(
    "/instructions/qris.png",
    dependencies=[public],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **errors(NoQrisImage, ImageMissing, Unavailable)},
)
async def show_qris_image(request: Request, database: OwnDatabase, images: Images) -> Response:
    """Return the QRIS image as PNG. Cached: up to a minute old."""
    async with database.read() as session:
        path = await queries.qris_path(session)
    if path is None:
        raise NoQrisImage
    # A new image has a new path, so a hash of the path is the version; the path itself is not published.
    headers = {**_CACHEABLE, "ETag": f'"{hashlib.sha256(path.encode()).hexdigest()[:32]}"'}
    if _is_cached(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(await images.get(path), media_type="image/png", headers=headers)


@router.get("/settings")
async def show_settings(_: Admin, session: Read) -> SettingsView:
    """Return the current settings."""
    return SettingsView.model_validate(_fields(await queries.settings_row(session)))


@router.put("/settings", responses=errors(UnsupportedImage, PayloadTooLarge, InvalidFields, TooBusy, Unavailable))
async def change_settings(
    body: NewSettings, staff: Admin, database: OwnDatabase, image_processor: OwnImageProcessor, images: Images
) -> SettingsView:
    """Replace all settings."""
    values: dict[str, Any] = body.model_dump(exclude={"qris_image", *body.kept})
    if not body.keeps_image:
        values["qris_image_path"] = await commands.store_qris_image(body.qris_image, image_processor, images)
    async with database.work() as work:
        await commands.change_settings(work, values, by=staff)
        return SettingsView.model_validate(_fields(await queries.settings_row(work.session)))


def _fields(row: PaymentSettings) -> dict[str, Any]:
    columns: Iterable[str] = SettingsView.model_fields.keys() - {"qris_image", "rejection_reasons"}
    return {
        "rejection_reasons": reasons_in(row.rejection_reasons),
        **{name: getattr(row, name) for name in columns},
        "qris_image": QRIS_ADDRESS if row.qris_image_path else None,
    }


def _is_cached(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return etag in {each.strip().removeprefix("W/") for each in given.split(",")}
