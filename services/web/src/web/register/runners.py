"""The fields of runners: what was typed, as the API takes it, and what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from chassis.canonical.emails import canonical_email
from chassis.canonical.names import clean_name
from chassis.canonical.phones import canonical_phone, canonical_whatsapp
from chassis.wording import Language, Refused
from contracts import JerseySize

from web.forms import FieldError
from web.register import promo, texts
from web.register.dates import read_day

PERSON: Final = "pic"
"""Field with the number of the runner who is the contact person of a group."""

SAME_EMERGENCY: Final = "same_emergency"
DATE: Final = "date_of_birth"
_PARTS: Final = (f"{DATE}-day", f"{DATE}-month", f"{DATE}-year")
_EMERGENCY: Final = ("emergency_contact_name", "emergency_contact_phone")
_FIELDS: Final = (
    "full_name", "whatsapp", "email", "gender", *_PARTS, "jersey_size", "identity_number", *_EMERGENCY, SAME_EMERGENCY,
)  # fmt: skip


def _gender(value: str) -> str:
    if value not in texts.GENDERS:
        raise Refused(texts.NO_GENDER)
    return value


_CHECKS: Final[Mapping[str, Callable[[str], Any]]] = {
    "full_name": clean_name,
    "whatsapp": canonical_whatsapp,
    "email": canonical_email,
    "gender": _gender,
    DATE: str,
    "jersey_size": JerseySize,
    "emergency_contact_name": clean_name,
    "emergency_contact_phone": canonical_phone,
}
"""Checks of the API for each field, in the order of the form."""


_ORDER: Final = (*list(_CHECKS)[:6], "identity_number", *_EMERGENCY)


def field_names(size: int) -> frozenset[str]:
    """Return the names of the fields of a form."""
    return frozenset({PERSON, *(f"p{number}-{name}" for number in range(1, size + 1) for name in _FIELDS)})


def with_copies(values: Mapping[str, str], size: int) -> Mapping[str, str]:
    """Return the values with the emergency contact of runner 1 for everybody who wants the same."""
    filled = dict(values)
    for number in range(2, size + 1):
        if values.get(f"p{number}-{SAME_EMERGENCY}"):
            filled.update({f"p{number}-{name}": values.get(f"p1-{name}", "") for name in _EMERGENCY})
    return filled


def errors_of(values: Mapping[str, str], size: int, language: Language) -> Sequence[FieldError]:
    """Return what is wrong, in the order of the form, in the words of the API."""
    found = [error for number in range(1, size + 1) for error in _errors_of_runner(values, number, language)]
    return grouped(found, size, language)


def grouped(errors: Sequence[FieldError], size: int, language: Language) -> Sequence[FieldError]:
    """Return the errors with headings such as "Runner 3: 4 fields" for groups, in the order of the form."""
    by_runner: dict[int, list[FieldError]] = {}
    for each in errors:
        by_runner.setdefault(runner_of(each.field), []).append(each)
    return [
        FieldError(each.field, each.message, _heading(number, len(found), language) if size > 1 else None)
        for number, found in sorted(by_runner.items())
        for each in sorted(found, key=_position)
    ]


def api_errors(field_errors: Mapping[str, str], size: int, language: Language) -> Sequence[FieldError]:
    """Return the errors of the API, whose fields are named like `participants.2.email`, at the fields of the form."""
    return grouped([FieldError(_field(name), message) for name, message in field_errors.items()], size, language)


def runner_of(field: str) -> int:
    """Return the number of the runner that a field belongs to; 0 for none."""
    number = field.partition("-")[0].removeprefix("p")
    return int(number) if number.isdecimal() else 0


def participants(values: Mapping[str, str], size: int) -> Sequence[Mapping[str, Any]]:
    """Return the runners as the API takes them. The values are free of errors."""
    numbers = {str(number): number for number in range(1, size + 1)}
    person = numbers.get(values.get(PERSON, ""), 1)
    return [{**_participant(values, number), "is_pic": number == person} for number in range(1, size + 1)]


def _participant(values: Mapping[str, str], number: int) -> Mapping[str, Any]:
    plain = {name: values.get(f"p{number}-{name}", "") for name in _CHECKS}
    born = read_day(*(values.get(f"p{number}-{part}", "") for part in _PARTS))
    return {
        **plain,
        DATE: born.isoformat(),
        "identity_number": values.get(f"p{number}-identity_number") or None,
    }


def _errors_of_runner(values: Mapping[str, str], number: int, language: Language) -> Iterator[FieldError]:
    copied = bool(values.get(f"p{number}-{SAME_EMERGENCY}")) and number > 1
    for name in _CHECKS:
        field = f"p{number}-{name}"
        try:
            if name == DATE:
                read_day(*(values.get(f"p{number}-{part}", "") for part in _PARTS))
            elif not (copied and name in _EMERGENCY):
                _check(name, values.get(field, ""))
        except Refused as refused:
            yield FieldError(field, refused.wording.said(language))


def _check(name: str, value: str) -> None:
    if not value:
        raise Refused(texts.EMPTY[name])
    try:
        _CHECKS[name](value)
    except Refused:
        raise
    except ValueError:
        raise Refused(texts.EMPTY[name]) from None


def _field(name: str) -> str:
    if name == promo.FIELD:
        return name
    parts = name.split(".")
    if parts[0] != "participants" or len(parts) < 2 or not parts[1].isdecimal():  # noqa: PLR2004
        return PERSON
    return f"p{int(parts[1]) + 1}-{parts[2] if len(parts) > 2 else 'full_name'}"  # noqa: PLR2004


def _heading(number: int, count: int, language: Language) -> str | None:
    if not number:
        return None
    wording = texts.RUNNER_FIELD if count == 1 else texts.RUNNER_FIELDS
    return wording.said(language, number=number, count=count)


def _position(error: FieldError) -> int:
    name = error.field.partition("-")[2]
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
