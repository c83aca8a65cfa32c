"""Sending a file to payment, and the outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chassis.errors import Unavailable
from chassis.wording import Wording
from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from web.console.apis import StaffApi
from web.console.statements.columns import Head, head_of
from web.console.statements.models import Imported
from web.forms import FieldError
from web.languages import language_of_path
from web.upstream.client import Refused

MOST_BYTES: Final = 5 * 1024 * 1024
FORM_BYTES: Final = MOST_BYTES + 64 * 1024
"""Maximum of the form: a file of 5 MB and what surrounds it."""

FILE, ACCOUNT = "file", "account"
UNKNOWN_FORMAT: Final = "unknown_format"

_READ_WITHIN: Final = 28.0
_OF_THE_CALLER: Final = frozenset({401, 403})
_QUOTED: Final = ("line", "expected", "found", "limit")

_NO_FILE: Final = Wording(
    en="Choose the file that the bank offers as a download.", id="Pilih berkas mutasi yang diunduh dari bank."
)
_NO_ANSWER: Final = Wording(
    en="There was no answer. Import the file once more: no line is added twice.",
    id="Tidak ada jawaban. Impor berkas ini sekali lagi: tidak ada baris yang masuk dua kali.",
)


@dataclass(frozen=True)
class Upload:
    """The outcome of sending a file.

    Attributes:
        imported: None if it was refused.
        errors: what was wrong, at the fields of the form.
        quoted: of the refusal, such as the line of the file and what stands there.
        head: of a CSV whose columns are not known; a person can choose them.
    """

    status: int = 200
    imported: Imported | None = None
    errors: tuple[FieldError, ...] = ()
    quoted: Mapping[str, str] = field(default_factory=dict)
    head: Head | None = None


async def uploaded(request: Request, form: FormData, payment: StaffApi) -> Upload:
    """Import the file of a form.

    Raises:
        Refused: 401 or 403, which have pages of their own.
    """
    file, account = form.get(FILE), str(form.get(ACCOUNT) or "").strip()
    language = language_of_path(request.url.path)
    if not isinstance(file, UploadFile) or not file.size:
        return _wrong(422, _NO_FILE.said(language))
    try:
        answer = await payment.call(
            "POST",
            "/statements",
            data={ACCOUNT: account} if account else {},
            files={FILE: ("statement", file.file, "application/octet-stream")},
            timeout=_READ_WITHIN,
        )
    except Unavailable as error:
        return _wrong(error.status, _NO_ANSWER.said(language))
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        return _refused(refused)
    return Upload(imported=payment.client.read(Imported, answer))


def _refused(refused: Refused) -> Upload:
    fields = {name.removeprefix("body."): text for name, text in refused.field_errors.items()}
    errors = [FieldError(name if name in (FILE, ACCOUNT) else FILE, text) for name, text in fields.items()]
    if not errors:
        errors = [FieldError(FILE, refused.wording.en)]  # in the language of the visitor already
    quoted = {name: str(value) for name in _QUOTED if (value := refused.members.get(name)) not in (None, "")}
    head = head_of(refused.members) if refused.code == UNKNOWN_FORMAT else None
    return Upload(refused.status, errors=tuple(errors), quoted=quoted, head=head)


def _wrong(status: int, message: str) -> Upload:
    return Upload(status, errors=(FieldError(FILE, message),))


def figures(imported: Imported) -> Mapping[str, Any]:
    """Return the figures of an import for the address of the page that shows them."""
    names = ("matched", "proposed", "unknown", "accepted", "repeated")
    return {name: getattr(imported, name) for name in names if getattr(imported, name)}
