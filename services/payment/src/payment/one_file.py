"""Forms with one file and nothing else. Routes read them after access was checked."""

from typing import Any, Final

from chassis.errors import InvalidFields, PayloadTooLarge
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request
from starlette.datastructures import UploadFile

BOUNDARIES_BYTES: Final = 64 * 1024
"""Maximum size of such a form beside its file."""


def request_body(description: str) -> dict[str, Any]:
    """Return what OpenAPI says about such a form."""
    file = {"type": "string", "format": "binary", "description": description}
    schema = {"type": "object", "additionalProperties": False, "required": ["file"], "properties": {"file": file}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def read_file(request: Request, *, most_bytes: int, missing: Wording, too_large: Wording) -> bytes:
    """Return the file of the form in the request. The middleware has limited its size already.

    Raises:
        PayloadTooLarge: the file is larger than `most_bytes`.
        InvalidFields: it is missing, or there is more than it.
    """
    limits = {"max_files": 2, "max_fields": 2, "max_part_size": most_bytes + BOUNDARIES_BYTES}
    async with form_of(request, **limits) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or len(form.multi_items()) != 1:
            raise InvalidFields(("file", missing))
        if (file.size or 0) > most_bytes:
            raise PayloadTooLarge(too_large, limit=most_bytes)
        return await file.read()
