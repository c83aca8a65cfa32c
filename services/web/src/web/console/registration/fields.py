"""The fields of a participant, as the form shows them and as they are sent."""

from collections.abc import Mapping
from typing import Any, Final

from chassis.canonical.phones import readable_phone

from web.console.registration.models import Participant

FIELDS: Final = (
    "full_name",
    "gender",
    "date_of_birth",
    "identity_number",
    "jersey_size",
    "whatsapp",
    "email",
    "emergency_contact_name",
    "emergency_contact_phone",
)
SHOWN: Final = {name: f"shown-{name}" for name in FIELDS}
"""Names of the hidden fields with what the form showed before anything was typed."""

SIZES: Final = ("xs", "s", "m", "l", "xl", "xxl", "xxxl")

_PHONES: Final = frozenset({"whatsapp", "emergency_contact_phone"})


def shown(person: Participant) -> Mapping[str, str]:
    """Return the values of a participant as the form shows them."""
    values = {name: str(getattr(person, name) or "") for name in FIELDS}
    return {name: readable_phone(value) if name in _PHONES else value for name, value in values.items()}


def untouched(person: Participant) -> Mapping[str, str]:
    """Return the values of a form in which nothing has been typed."""
    values = shown(person)
    return {**values, **{SHOWN[name]: value for name, value in values.items()}}


def changes(typed: Mapping[str, str], person: Participant) -> Mapping[str, Any]:
    """Return the fields that were changed in the form.

    A field that was left as it was shown is not among them, also if somebody else has changed it since.
    """
    now = shown(person)
    changed = {
        name: typed[name]
        for name in FIELDS
        if name in typed and typed[name] not in (now[name], typed.get(SHOWN[name], now[name]))
    }
    return {name: value or None if name == "identity_number" else value for name, value in changed.items()}
