"""The upload form. The route reads it after access was checked."""

from typing import Annotated, Any, Final

from chassis.errors import InvalidFields, PayloadTooLarge
from chassis.web.forms import form_of
from chassis.web.models import Body, Line, OrNone
from chassis.web.problems import invalid
from chassis.wording import Wording
from fastapi import Request
from pydantic import Field, ValidationError
from pydantic_core import to_json
from starlette.datastructures import UploadFile

from payment.statements.model import account_number

MOST_BYTES: Final = 5 * 1024 * 1024
FORM_BYTES: Final = MOST_BYTES + 64 * 1024
"""Maximum size of the form: the file, the fields and the multipart boundaries."""

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
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "CSV of BCA, Mandiri, BRI or BNI, MT940 or CAMT.053, up to 5 MB",
                        },
                        "account": {
                            "type": "string",
                            "maxLength": 50,
                            "description": "number of the account that the statement has to be of",
                        },
                    },
                }
            }
        },
    }
}

_REPEATED: Final = Wording(en="Send this once.", id="Kirim isian ini satu kali saja.")
_NO_FILE: Final = Wording(
    en="Send the statement as a file, as the bank exports it.", id="Kirim mutasi sebagai berkas, seperti ekspor bank."
)
_NOT_A_TEXT: Final = Wording(
    en="Send one file only, in the field `file`.", id="Kirim satu berkas saja, pada isian `file`."
)
_NO_ACCOUNT: Final = Wording(
    en="Write the number of the account in digits, such as 1370012345678.",
    id="Tulis nomor rekening dengan angka, misalnya 1370012345678.",
)
_TOO_LARGE: Final = Wording(
    en="The file is larger than 5 MB. Export a shorter period.",
    id="Berkasnya lebih dari 5 MB. Ekspor rentang waktu yang lebih pendek.",
)


class StatementFields(Body):
    """The form's fields beside the file."""

    account: OrNone[Annotated[Line, Field(max_length=50)]] = None


async def read_statement_form(request: Request) -> tuple[bytes, str | None]:
    """Return the file and the account of the form in the request. The middleware has limited its size already.

    Raises:
        PayloadTooLarge: the file is larger than 5 MB.
        InvalidFields, RequestValidationError: a field is missing, invalid, unknown or repeated.
    """
    async with form_of(request, max_files=4, max_fields=16, max_part_size=FORM_BYTES) as form:
        fields: dict[str, Any] = dict(form)
        repeated = [(name, _REPEATED) for name in fields if len(form.getlist(name)) > 1]
        if repeated:
            raise InvalidFields(*repeated)
        file = await _file(fields.pop("file", None))
        return file, _account(fields)


async def _file(sent: Any) -> bytes:
    if not isinstance(sent, UploadFile):
        raise InvalidFields(("file", _NO_FILE))
    if (sent.size or 0) > MOST_BYTES:
        raise PayloadTooLarge(_TOO_LARGE, limit=MOST_BYTES)
    return await sent.read()


def _account(fields: dict[str, Any]) -> str | None:
    files = [(name, _NOT_A_TEXT) for name, sent in fields.items() if isinstance(sent, UploadFile)]
    if files:
        raise InvalidFields(*files)
    try:
        account = StatementFields.model_validate_json(to_json(fields)).account
    except ValidationError as error:
        raise invalid(error, "body") from None
    if account is not None and account_number(account) is None:
        raise InvalidFields(("account", _NO_ACCOUNT))
    return account
