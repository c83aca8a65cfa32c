"""Forms of races and categories after a refusal: its message stands at the field that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from chassis.ids import new_id
from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Request

from web.console.apis import Failure
from web.forms import FieldError, id_in, typed

_FIELD_OF: Final[Mapping[str, str]] = {
    "slug_taken": "slug",
    "prefix_taken": "registration_prefix",
    "numbers_already_given": "registration_prefix",
    "bib_range_overlap": "bib_start_number",
    "bibs_already_given": "bib_end_number",
    "quota_below_taken": "quota",
    "limit_below_uses": "max_participants",
}
_KEY: Final = "key"
KEY_REUSED: Final = "idempotency_key_reused"
"""Code of the refusal of a form whose key was used before with other values."""

_SENT_BEFORE: Final = Wording(
    en="This form was sent before with other values, and that was done. Send it again only to create another one.",
    id="Formulir ini sudah pernah dikirim dengan isi lain, dan itu sudah dibuat."
    " Kirim lagi hanya jika Anda ingin membuat satu lagi.",
)
_NOT_READ: Final = 422
_CONFLICT: Final = 409


async def typed_in(request: Request) -> Mapping[str, str]:
    """Return the fields of the request's form."""
    async with form_of(request) as form:
        return typed(form)


def at_field(failure: Failure | None) -> Failure | None:
    """Return a failure whose message stands at the field that its code is about, if it is about one."""
    field = _FIELD_OF.get(failure.code) if failure and failure.message else None
    if failure is None or field is None:
        return failure
    return replace(failure, message=None, errors=[FieldError(field, failure.message or "")])


def placed(failure: Failure, by_code: Mapping[str, str], by_name: Mapping[str, str]) -> Failure:
    """Return a failure whose messages stand at fields of the form.

    Args:
        by_code: the field that the code of a failure is about.
        by_name: fields of the form by the API's name of them, where it is another one.
    """
    field = by_code.get(failure.code)
    if field is not None and failure.message:
        return replace(failure, message=None, errors=[FieldError(field, failure.message)])
    return replace(
        failure, errors=[replace(each, field=by_name.get(each.field, each.field)) for each in failure.errors]
    )


def key_of(values: Mapping[str, str]) -> UUID | None:
    """Return the key of a form, with which a repeat creates nothing; None if it has none."""
    return id_in(values.get(_KEY))


def next_key(values: Mapping[str, str], failure: Failure | None) -> UUID:
    """Return the key for a form that is shown: another one than its own if that was used with other values."""
    is_used = failure is not None and failure.code == KEY_REUSED
    return (None if is_used else key_of(values)) or new_id()


def in_words(failure: Failure | None, language: Language) -> Failure | None:
    """Return a failure that says in words for staff that the key of a form was used with other values."""
    if failure is None or failure.code != KEY_REUSED:
        return failure
    return replace(failure, message=_SENT_BEFORE.said(language))


def unread(errors: Sequence[FieldError]) -> Failure | None:
    """Return the failure of a form with fields that cannot be read; None if there are none."""
    return Failure(_NOT_READ, "invalid_fields", None, errors) if errors else None


def shown(failure: Failure | None) -> Mapping[str, Any]:
    """Return the status of a page with a form, and the message above it."""
    return {"status": failure.status, "message": failure.message} if failure else {"status": 200, "message": None}
