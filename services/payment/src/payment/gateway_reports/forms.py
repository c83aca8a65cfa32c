"""The upload form of a settlement report."""

from typing import Final

from chassis.wording import Wording
from fastapi import Request

from payment.one_file import BOUNDARIES_BYTES, read_file, request_body

MOST_BYTES: Final = 5 * 1024 * 1024
FORM_BYTES: Final = MOST_BYTES + BOUNDARIES_BYTES

REQUEST_BODY: Final = request_body("CSV of settled transactions with their fees, up to 5 MB")

_NO_FILE: Final = Wording(
    en="Send one file only: the settlement report, as Midtrans exports it.",
    id="Kirim satu berkas saja: laporan settlement, seperti ekspor Midtrans.",
)
_TOO_LARGE: Final = Wording(
    en="The file is larger than 5 MB. Export a shorter period.",
    id="Berkasnya lebih dari 5 MB. Ekspor rentang waktu yang lebih pendek.",
)


async def read_report_form(request: Request) -> bytes:
    """Return the file of the form in the request.

    Raises:
        PayloadTooLarge: the file is larger than 5 MB.
        InvalidFields: it is missing, or there is more than it.
    """
    return await read_file(request, most_bytes=MOST_BYTES, missing=_NO_FILE, too_large=_TOO_LARGE)
