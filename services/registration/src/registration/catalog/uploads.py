"""Upload forms with one file. Routes read them after access was checked; FastAPI would read form parameters before."""

from typing import Any, Final

from chassis.errors import InvalidFields, PayloadTooLarge
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request
from starlette.datastructures import UploadFile

MAX_FILE_BYTES: Final = 5 * 1024 * 1024
FORM_BYTES: Final = MAX_FILE_BYTES + 64 * 1024
"""Maximum size of the form: the file and the multipart boundaries."""

_UNKNOWN: Final = Wording(en="is not a field of this form", id="bukan isian formulir ini")
_REPEATED: Final = Wording(en="is there more than once; send it once", id="ada lebih dari satu; kirim satu saja")


def request_body(description: str) -> dict[str, Any]:
    """Return the OpenAPI of a form with one file."""
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary", "description": description}},
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def read_file(request: Request, *, missing: Wording, too_large: Wording) -> bytes:
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
            raise InvalidFields(("file", missing))
        if (file.size or 0) > MAX_FILE_BYTES:
            raise PayloadTooLarge(too_large, limit=MAX_FILE_BYTES)
        return await file.read()
