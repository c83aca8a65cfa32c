"""The fields that runners correct themselves, as they are shown and as they are sent."""

from collections.abc import Mapping
from typing import Final

from chassis.canonical.phones import readable_phone

from web.forms import FieldError
from web.upstream.client import Refused
from web.upstream.registrations import Participant

FIELDS: Final = ("jersey_size", "whatsapp", "email", "emergency_contact_name", "emergency_contact_phone")
SHOWN: Final = {name: f"shown-{name}" for name in FIELDS}
"""Names of the hidden fields with what the form showed before anything was typed."""

SIZES: Final = ("xs", "s", "m", "l", "xl", "xxl", "xxxl")

_PHONES = frozenset({"whatsapp", "emergency_contact_phone"})


def shown(person: Participant) -> Mapping[str, str]:
    """Return the values of a participant as the form shows them."""
    values: Mapping[str, str] = {name: getattr(person, name) for name in FIELDS}
    return {name: readable_phone(value) if name in _PHONES else value for name, value in values.items()}


def form_of_person(person: Participant) -> Mapping[str, str]:
    """Return the values of a form in which nothing has been typed."""
    values = shown(person)
    return {**values, **{SHOWN[name]: value for name, value in values.items()}}


def changes(typed: Mapping[str, str], person: Participant) -> Mapping[str, str]:
    """Return the fields that were changed in the form.

    A field that was left as it was shown is not among them, also if another tab or the organisers changed it since.
    """
    now = shown(person)
    return {
        name: typed[name]
        for name in FIELDS
        if name in typed and typed[name] not in (now[name], typed.get(SHOWN[name], now[name]))
    }


def errors_of(refused: Refused) -> list[FieldError]:
    """Return what the API says about fields, in the order of the form."""
    return [FieldError(name, refused.field_errors[name]) for name in FIELDS if name in refused.field_errors]
