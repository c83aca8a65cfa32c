"""Routes for the payment instructions: public to read, admins change them."""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

from chassis.auth.access import Admin, public
from chassis.errors import InvalidFields, PayloadTooLarge, TooBusy, Unavailable
from chassis.images.errors import ImageMissing, UnsupportedImage
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Amount, Body, Line, OrNone, Text, View, Words
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from fastapi import Request, Response
from pydantic import Field, model_validator

from payment.dependencies import Images, OwnImageProcessor
from payment.instructions import commands, queries
from payment.instructions.codes import code_for_amounts, code_of, confirmed_code_of
from payment.instructions.errors import NoQrisImage
from payment.instructions.reasons import Reason, Reasons, reasons_in
from payment.instructions.rules import TransferCode
from payment.instructions.tables import PaymentSettings
from payment.limits import MAX_FILE_BYTES
from payment.qris.errors import QrisChanged, QrisNotConfirmed, QrisNotRead, QrisNotUsable
from payment.qris.rules import Code

router = Router(tags=["instructions"])

QRIS_ADDRESS = "/api/payment/v1/instructions/qris.png"
_BASE64_BYTES = MAX_FILE_BYTES * 4 // 3 + 100
SETTINGS_BYTES = _BASE64_BYTES + 64 * 1024
# The gateway caches for as long and sends the full max-age to browsers.
_CACHEABLE = {"Cache-Control": "public, max-age=30"}
_NOTHING_NAMED = Wording(
    en="Give the `nmid` or the `payload_sha256` that was shown to you.",
    id="Sebutkan `nmid` atau `payload_sha256` yang ditampilkan kepada Anda.",
)


_KEPT = {
    "rejection_reasons",
    "qris_with_amount",
    "qris_limit",
    "transfer_code",
    "second_check_from",
    "statement_auto_accept",
}


class WaysToPay(View):
    """The account and the QRIS image. `qris_image` is the address of the image; null if there is none."""

    bank_name: str | None
    account_number: str | None
    account_holder_name: str | None
    payment_instructions: str | None
    qris_image: str | None


class QrisMerchant(View):
    """The merchant of the QRIS code, as payment apps show it. `nmid`: National Merchant ID; null if it has none."""

    name: str
    city: str
    nmid: str | None


class Instructions(WaysToPay):
    """The payment instructions.

    `qris_merchant` is null until staff have confirmed it. `qris_with_amount`: whether runners get the code with their
    amount in it, too, if that is at most `qris_limit`, in rupiah.
    """

    qris_merchant: QrisMerchant | None
    qris_with_amount: bool
    qris_limit: Amount


class QrisView(View):
    """What was read from the QRIS image. `dynamic`: for one payment; `confirmed`: staff said that it is theirs."""

    merchant: str
    city: str
    nmid: str | None
    dynamic: bool
    confirmed: bool
    payload_sha256: str


class SettingsView(WaysToPay):
    """The settings. `payment_deadline_hours` is the time for another proof after one was rejected.

    `rejection_reasons` are those that staff choose from, in the order of their keys. `qris` is null if no code was read
    from the image; `qris_problem` says why, or why no amount can be put into the code. `qris_limit`: maximum amount of
    an invoice that is put into the code, in rupiah. `transfer_code`: whether payers are asked to transfer an amount of
    their own, a code of up to three digits off or above the price. From `second_check_from`, in rupiah, two people
    decide about money; null for never. `statement_auto_accept`: lines of statements that are sure need no person.
    """

    payment_deadline_hours: int
    rejection_reasons: Sequence[Reason]
    qris: QrisView | None
    qris_problem: Words | None
    qris_with_amount: bool
    qris_limit: Amount
    transfer_code: TransferCode
    second_check_from: Amount | None
    statement_auto_accept: bool


class NewSettings(Body):
    """All settings. An absent field is cleared; those from `rejection_reasons` on stay.

    `qris_image`: base64 of a JPEG, PNG or WebP of up to 2 MB, bare or as a data URL; null removes the image; the
    address that GET returned keeps it. Another image has to be confirmed, and `qris_with_amount` is false until then.
    `rejection_reasons`: up to nine; null for those that come with the product. `qris` and `qris_problem` are ignored:
    they are what was read.
    """

    qris_image: Annotated[str, Field(max_length=_BASE64_BYTES)] | None = None
    bank_name: OrNone[Annotated[Line, Field(max_length=100)]] = None
    account_number: OrNone[Annotated[Line, Field(max_length=50)]] = None
    account_holder_name: OrNone[Line] = None
    payment_instructions: OrNone[Text] = None
    payment_deadline_hours: Annotated[int, Field(ge=1, le=720)] = 24
    rejection_reasons: Reasons | None = None
    qris_with_amount: bool = False
    qris_limit: Amount = Decimal(10_000_000)
    transfer_code: Annotated[TransferCode, Field(strict=False)] = TransferCode.SUBTRACT
    second_check_from: Amount | None = None
    statement_auto_accept: bool = False
    qris: Any = None
    qris_problem: Any = None

    @property
    def keeps_image(self) -> bool:
        """Return whether the stored image stays."""
        return "qris_image" not in self.model_fields_set or self.qris_image == QRIS_ADDRESS

    @property
    def kept(self) -> set[str]:
        """Return the fields that stay as they are because clients of older releases do not send them."""
        return _KEPT - self.model_fields_set

    def columns(self) -> dict[str, Any]:
        """Return the settings that change, without those of the image."""
        return self.model_dump(exclude={"qris_image", "qris", "qris_problem", *self.kept})


class QrisConfirmation(Body):
    """What was shown to the member of staff who confirms it: the NMID, or the hash of the code's text, or both."""

    nmid: Annotated[str, Field(min_length=1, max_length=99)] | None = None
    payload_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.nmid is None and self.payload_sha256 is None:
            raise Refused(_NOTHING_NAMED)
        return self


@router.get("/instructions", dependencies=[public], response_model=Instructions)
async def show_instructions(request: Request, session: Read) -> Response:
    """Return the payment instructions. Cached: up to a minute old."""
    row = await queries.settings_row(session)
    view = Instructions(
        **_ways_to_pay(row),
        qris_merchant=_merchant(confirmed_code_of(row)),
        qris_with_amount=code_for_amounts(row) is not None,
        qris_limit=row.qris_limit,
    )
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
    return _view(await queries.settings_row(session))


_REFUSALS = errors(
    UnsupportedImage,
    PayloadTooLarge,
    InvalidFields,
    QrisNotRead,
    QrisNotUsable,
    QrisNotConfirmed,
    TooBusy,
    Unavailable,
)


@router.put("/settings", responses=_REFUSALS)
async def change_settings(
    body: NewSettings, staff: Admin, database: OwnDatabase, image_processor: OwnImageProcessor, images: Images
) -> SettingsView:
    """Replace all settings."""
    values = body.columns()
    if not body.keeps_image:
        values = {**await commands.store_qris_image(body.qris_image, image_processor, images), **values}
    async with database.work() as work:
        await commands.change_settings(work, values, by=staff)
        return _view(await queries.settings_row(work.session))


@router.post("/settings/qris/confirm", responses=errors(QrisNotRead, QrisChanged, QrisNotUsable))
async def confirm_qris(body: QrisConfirmation, staff: Admin, work: Work) -> SettingsView:
    """Confirm that the merchant of the QRIS image is the organiser's. Another image has to be confirmed again."""
    await commands.confirm_qris(work, nmid=body.nmid, payload_sha256=body.payload_sha256, by=staff)
    return _view(await queries.settings_row(work.session))


def _ways_to_pay(row: PaymentSettings) -> dict[str, Any]:
    columns: Iterable[str] = WaysToPay.model_fields.keys() - {"qris_image"}
    values = {name: getattr(row, name) for name in columns}
    return {**values, "qris_image": QRIS_ADDRESS if row.qris_image_path else None}


def _merchant(code: Code | None) -> QrisMerchant | None:
    return None if code is None else QrisMerchant(name=code.merchant, city=code.city, nmid=code.nmid)


def _view(row: PaymentSettings) -> SettingsView:
    problem = _problem(row)
    return SettingsView(
        **_ways_to_pay(row),
        payment_deadline_hours=row.payment_deadline_hours,
        rejection_reasons=reasons_in(row.rejection_reasons),
        qris=_read(row),
        qris_problem=None if problem is None else Words(en=problem.en, id=problem.id),
        qris_with_amount=code_for_amounts(row) is not None,
        qris_limit=row.qris_limit,
        transfer_code=TransferCode(row.transfer_code),
        second_check_from=row.second_check_from,
        statement_auto_accept=row.statement_auto_accept,
    )


def _read(row: PaymentSettings) -> QrisView | None:
    code = code_of(row)
    if code is None:
        return None
    return QrisView(
        merchant=code.merchant,
        city=code.city,
        nmid=code.nmid,
        dynamic=code.is_dynamic,
        confirmed=row.qris_confirmed_at is not None,
        payload_sha256=code.sha256,
    )


def _problem(row: PaymentSettings) -> Wording | None:
    """Return why no amount can be put into the code of the image; None if it can, or if there is no image."""
    code = code_of(row)
    if code is None:
        return QrisNotRead.default_wording() if row.qris_image_path else None
    return code.obstacle.wording if code.obstacle else None


def _is_cached(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return etag in {each.strip().removeprefix("W/") for each in given.split(",")}
