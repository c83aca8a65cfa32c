"""Pictures that show the transfer of a refund: the upload form, and storing one."""

from typing import Final
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import Database
from chassis.errors import OutcomeUnknown, StartlineError
from chassis.images.processing import ImageProcessor
from chassis.images.store import ImageStore
from chassis.wording import Wording
from fastapi import Request

from payment.limits import MAX_FILE_BYTES
from payment.one_file import BOUNDARIES_BYTES, read_file, request_body
from payment.refund_desk.commands import store_evidence
from payment.refund_desk.queries import evidence_of

FORM_BYTES: Final = MAX_FILE_BYTES + BOUNDARIES_BYTES

REQUEST_BODY: Final = request_body("JPEG, PNG or WebP, up to 2 MB")

_NO_FILE: Final = Wording(
    en="Send one file only: the picture of the transfer.", id="Kirim satu berkas saja: gambar bukti transfernya."
)
_TOO_LARGE: Final = Wording(
    en="The file is larger than 2 MB. Send a screenshot or a smaller picture.",
    id="Berkasnya lebih dari 2 MB. Kirim tangkapan layar atau gambar yang lebih kecil.",
)


async def read_picture(request: Request) -> bytes:
    """Return the file of the form in the request.

    Raises:
        PayloadTooLarge: the file is larger than 2 MB.
        InvalidFields: it is missing, or there is more than it.
    """
    return await read_file(request, most_bytes=MAX_FILE_BYTES, missing=_NO_FILE, too_large=_TOO_LARGE)


async def add_evidence(
    database: Database, processor: ImageProcessor, store: ImageStore, refund_id: UUID, file: bytes, *, by: Staff
) -> None:
    """Store the picture in `file` as what shows the transfer of a refund, in place of one that is there.

    Raises:
        UnknownRefund, RefundNotOpen.
        UnsupportedImage, TooBusy.
        Unavailable: the image store fails.
        OutcomeUnknown: the connection was lost during the commit.
    """
    async with database.read() as session:
        await evidence_of(session, refund_id)
    picture = await processor.reencode(file)
    path = await store.put(picture, under="refunds")
    try:
        async with database.work() as work:
            await store_evidence(work, refund_id, picture, path, by=by)
    except OutcomeUnknown:
        raise
    except StartlineError:
        await store.delete([path])
        raise
