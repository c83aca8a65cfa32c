"""Changing the payment instructions."""

import base64
import binascii
import re
from typing import Any

from chassis.audit_log import before_and_after
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields, PayloadTooLarge
from chassis.images.processing import ImageProcessor
from chassis.images.store import ImageStore
from chassis.wording import Wording
from sqlalchemy import select, update

from payment.instructions.codes import columns_of, require_code, require_code_for_amounts
from payment.instructions.tables import PaymentSettings
from payment.limits import MAX_FILE_BYTES
from payment.qris.errors import QrisChanged, QrisNotConfirmed, QrisNotUsable
from payment.qris.reading import read_picture
from payment.qris.rules import SeveralCodes

_DATA_URL = re.compile(r"data:image/[a-z]{1,10};base64,")
_NAMED_ONLY = ("account_number", "account_holder_name", "payment_instructions", "qris_payload", "qris_read_from")
_NO_BASE64 = Wording(
    en="must be an image in base64, or null for none", id="harus berupa gambar dalam base64, atau null bila tidak ada"
)
_TOO_LARGE = Wording(
    en="The image is larger than 2 MB. Choose a smaller one.", id="Gambarnya lebih dari 2 MB. Pilih yang lebih kecil."
)


async def store_qris_image(encoded: str | None, image_processor: ImageProcessor, store: ImageStore) -> dict[str, Any]:
    """Store the QRIS image and return the settings that change with it: its path, and what its code says.

    The sweep removes an image to which no settings refer.

    Args:
        encoded: base64 of a JPEG, PNG or WebP of up to 2 MB, bare or as a data URL; None for no image.

    Raises:
        InvalidFields: no base64, or more than one QRIS code.
        PayloadTooLarge, UnsupportedImage, TooBusy, Unavailable.
    """
    if encoded is None:
        return columns_of(None, None)
    data = _decoded(encoded)
    try:
        read = await image_processor.run(lambda: read_picture(data))
    except SeveralCodes as refused:
        raise InvalidFields(("qris_image", refused.wording)) from None
    return columns_of(await store.put(read.picture, under="qris"), read.code)


def _decoded(encoded: str) -> bytes:
    try:
        data = base64.b64decode(_DATA_URL.sub("", encoded, count=1), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidFields(("qris_image", _NO_BASE64)) from None
    if len(data) > MAX_FILE_BYTES:
        raise PayloadTooLarge(_TOO_LARGE, limit=MAX_FILE_BYTES)
    return data


async def change_settings(work: UnitOfWork, values: dict[str, Any], *, by: Staff) -> None:
    """Update the settings and audit what changed; of the account and the instructions only the fields' names.

    The sweep removes a QRIS image that was replaced.

    Raises:
        QrisNotRead, QrisNotUsable, QrisNotConfirmed: `qris_with_amount` cannot be switched on.
    """
    row = await _locked(work)
    if values.get("qris_with_amount"):
        _require_confirmed(row, values)
    before = {name: getattr(row, name) for name in values}
    await work.session.execute(update(PaymentSettings).values(**values, updated_at=work.now))
    changed = before_and_after(before, values, named_only=_NAMED_ONLY)
    await work.audit(by.actor, "payment_settings.change", "payment_settings", **changed)


def _require_confirmed(row: PaymentSettings, values: dict[str, Any]) -> None:
    if "qris_image_path" in values:  # a new image, which only a later request can confirm
        raise QrisNotConfirmed
    require_code_for_amounts(row)


async def confirm_qris(work: UnitOfWork, *, nmid: str | None, payload_sha256: str | None, by: Staff) -> None:
    """Record that the QRIS code of the present image is the organiser's. Idempotent.

    Args:
        nmid: the NMID that was shown to the member of staff; None if the hash is given.
        payload_sha256: the hash (hex) of the code's text that was shown; None if the NMID is given.

    Raises:
        QrisNotRead: there is no code.
        QrisChanged: the code is not the one that was shown.
        QrisNotUsable: checksum, country or currency is wrong.
    """
    row = await _locked(work)
    code = require_code(row)
    if (nmid or code.nmid, payload_sha256 or code.sha256) != (code.nmid, code.sha256):
        raise QrisChanged
    if code.problem is not None:
        raise QrisNotUsable.because(code.problem)
    if row.qris_confirmed_at is not None:
        return
    confirmed = {"qris_confirmed_at": work.now, "qris_confirmed_by": by.id}
    await work.session.execute(update(PaymentSettings).values(**confirmed, updated_at=work.now))
    shown = {"merchant": code.merchant, "city": code.city, "nmid": code.nmid, "payload_sha256": code.sha256}
    await work.audit(by.actor, "payment_settings.confirm_qris", "payment_settings", after=shown)


async def _locked(work: UnitOfWork) -> PaymentSettings:
    return (await work.session.execute(select(PaymentSettings).with_for_update())).scalar_one()
