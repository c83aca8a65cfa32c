"""The upload form of a course."""

from typing import Any, Final

from chassis.wording import Wording
from fastapi import Request

from registration.catalog.uploads import read_file, request_body

REQUEST_BODY: Final[dict[str, Any]] = request_body("GPX, up to 5 MB")

_NO_FILE = Wording(en="must be a file: the course as GPX", id="harus berupa berkas: rutenya dalam bentuk GPX")
_TOO_LARGE = Wording(
    en="The file is larger than 5 MB. Save the course with fewer points.",
    id="Berkasnya lebih dari 5 MB. Simpan rutenya dengan lebih sedikit titik.",
)


async def read_course(request: Request) -> bytes:
    """Return the file of the form in the request.

    Raises:
        PayloadTooLarge, InvalidFields.
    """
    return await read_file(request, missing=_NO_FILE, too_large=_TOO_LARGE)
