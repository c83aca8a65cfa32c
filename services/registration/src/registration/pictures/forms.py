"""The upload form. Routes read it after access was checked; FastAPI's form parameters would read it before."""

from typing import Any, Final

from chassis.errors import InvalidFields, PayloadTooLarge
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request
from starlette.datastructures import UploadFile

MAX_FILE_BYTES: Final = 5 * 1024 * 1024
FORM_BYTES: Final = MAX_FILE_BYTES + 64 * 1024
"""Maximum size of the form: the file and the multipart boundaries."""

REQUEST_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP, up to 5 MB"},
                    },
                }
            }
        },
    }
}

_UNKNOWN = Wording(en="is not a field of this form", id="bukan isian formulir ini")
_REPEATED = Wording(en="is there more than once; send it once", id="ada lebih dari satu; kirim satu saja")
_NO_FILE = Wording(en="must be a file: the picture", id="harus berupa berkas: gambarnya")
_TOO_LARGE = Wording(
    en="The picture is larger than 5 MB. Choose a smaller one.", id="Gambarnya lebih dari 5 MB. Pilih yang lebih kecil."
)


async def read_file(request: Request) -> bytes:
    """Return the file of the form in the request. The middleware has limited its size already.

    Raises:
        PayloadTooLarge, InvalidFields.
    """
    async with form_of(request, max_files=2, max_fields=4, max_part_size=FORM_BYTES) as form:
        unknown = [(name, _UNKNOWN) for name in form if name != "file"]
        if unknown:
            raise InvalidFields(*unknown)
        if len(form.getlist("file")) > 1:
            raise InvalidFields(("file", _REPEATED))
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidFields(("file", _NO_FILE))
        if (file.size or 0) > MAX_FILE_BYTES:
            raise PayloadTooLarge(_TOO_LARGE, limit=MAX_FILE_BYTES)
        return await file.read()
