"""The upload form. Routes read it after access was checked; FastAPI's form parameters would read it before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from chassis.errors import InvalidFields, PayloadTooLarge
from chassis.web.forms import form_of
from chassis.web.models import Amount, Body, OrNone, Text
from chassis.web.problems import invalid
from chassis.wording import Refused, Wording
from contracts import PaymentMethod
from fastapi import Request
from pydantic import Field, ValidationError
from pydantic_core import to_json
from starlette.datastructures import FormData, UploadFile

from payment.limits import MAX_FILE_BYTES
from payment.proofs.rules import paid_at

FORM_BYTES = MAX_FILE_BYTES + 64 * 1024
"""Maximum size of the form: the file, the fields and the multipart boundaries."""


class ProofFields(Body):
    """The form's fields beside the file. `payment_date` is ISO 8601, see `paid_at`."""

    payment_method: PaymentMethod
    amount: Annotated[Amount, Field(gt=0)]
    payment_date: Annotated[str, Field(max_length=40)]
    notes: OrNone[Annotated[Text, Field(max_length=2000)]] = None


REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["file", "payment_method", "amount", "payment_date"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP, up to 2 MB"},
                        "payment_method": {"type": "string", "enum": [method.value for method in PaymentMethod]},
                        "amount": {"type": "string", "examples": ["150000.00"]},
                        "payment_date": {"type": "string", "description": "a date, or date and time with offset"},
                        "notes": {"type": "string", "maxLength": 2000},
                    },
                }
            }
        },
    }
}


async def read_proof_form(request: Request) -> tuple[bytes, ProofFields]:
    """Return the file and the fields of the form in the request. The middleware has limited its size already.

    Raises:
        PayloadTooLarge: the file is larger than 2 MB.
        InvalidFields, RequestValidationError: a field is missing, invalid, unknown or repeated.
    """
    async with form_of(request, max_files=4, max_fields=16, max_part_size=FORM_BYTES) as form:
        single = _single(form)
        file = await _file(single.pop("file", None))
        return file, _validated(single)


_REPEATED = Wording(en="is there more than once; send it once", id="ada lebih dari satu; kirim satu saja")
_NO_FILE = Wording(en="must be a file: the picture of the proof", id="harus berupa berkas: gambar bukti pembayaran")
_TOO_LARGE = Wording(
    en="The file is larger than 2 MB. Send a screenshot or a smaller picture.",
    id="Berkasnya lebih dari 2 MB. Kirim tangkapan layar atau gambar yang lebih kecil.",
)


def _single(form: FormData) -> dict[str, Any]:
    fields = dict(form)
    repeated = [(name, _REPEATED) for name in fields if len(form.getlist(name)) > 1]
    if repeated:
        raise InvalidFields(*repeated)
    return fields


async def _file(sent: Any) -> bytes:
    if not isinstance(sent, UploadFile):
        raise InvalidFields(("file", _NO_FILE))
    if (sent.size or 0) > MAX_FILE_BYTES:
        raise PayloadTooLarge(_TOO_LARGE, limit=MAX_FILE_BYTES)
    return await sent.read()


def _validated(fields: Mapping[str, Any]) -> ProofFields:
    try:
        return ProofFields.model_validate_json(to_json(fields))
    except ValidationError as error:
        raise invalid(error, "body") from None


def payment_date_of(fields: ProofFields, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment that the field `payment_date` means; a date without a time is in `zone`.

    Raises:
        InvalidFields: it is no date, in the future, or more than a year ago.
    """
    try:
        return paid_at(fields.payment_date.strip(), now=now, zone=zone)
    except Refused as error:
        raise InvalidFields(("payment_date", error.wording)) from None
