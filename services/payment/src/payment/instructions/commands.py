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

from payment.instructions.tables import PaymentSettings
from payment.limits import MAX_FILE_BYTES

_DATA_URL = re.compile(r"data:image/[a-z]{1,10};base64,")
_NAMED_ONLY = ("account_number", "account_holder_name", "payment_instructions")
_NO_BASE64 = Wording(
    en="must be an image in base64, or null for none", id="harus berupa gambar dalam base64, atau null bila tidak ada"
)
_TOO_LARGE = Wording(
    en="The image is larger than 2 MB. Choose a smaller one.", id="Gambarnya lebih dari 2 MB. Pilih yang lebih kecil."
)


async def store_qris_image(encoded: str | None, image_processor: ImageProcessor, store: ImageStore) -> str | None:
    """Store the QRIS image and return its path; None for None. The sweep removes it if no settings refer to it.

    Args:
        encoded: base64 of a JPEG, PNG or WebP of up to 2 MB, bare or as a data URL.

    Raises:
        InvalidFields, PayloadTooLarge, UnsupportedImage, TooBusy, Unavailable.
    """
    if encoded is None:
        return None
    picture = await image_processor.reencode(_decoded(encoded), into="PNG")
    return await store.put(picture, under="qris")


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
    """
    row = (await work.session.execute(select(PaymentSettings).with_for_update())).scalar_one()
    before = {name: getattr(row, name) for name in values}
    await work.session.execute(update(PaymentSettings).values(**values, updated_at=work.now))
    changed = before_and_after(before, values, named_only=_NAMED_ONLY)
    await work.audit(by.actor, "payment_settings.change", "payment_settings", **changed)
