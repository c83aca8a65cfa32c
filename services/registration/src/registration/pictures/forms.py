"""The upload form of a picture."""

from typing import Any, Final

from chassis.wording import Wording
from fastapi import Request

from registration.catalog.uploads import read_file, request_body

REQUEST_BODY: Final[dict[str, Any]] = request_body("JPEG, PNG or WebP, up to 5 MB")

_NO_FILE = Wording(en="must be a file: the picture", id="harus berupa berkas: gambarnya")
_TOO_LARGE = Wording(
    en="The picture is larger than 5 MB. Choose a smaller one.", id="Gambarnya lebih dari 5 MB. Pilih yang lebih kecil."
)


async def read_picture(request: Request) -> bytes:
    """Return the picture of the form in the request.

    Raises:
        PayloadTooLarge, InvalidFields.
    """
    return await read_file(request, missing=_NO_FILE, too_large=_TOO_LARGE)
