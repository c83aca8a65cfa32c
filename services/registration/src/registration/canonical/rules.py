"""Conversion of a stored row into canonical form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from chassis.canonical.folding import folded
from pydantic import TypeAdapter, ValidationError

from registration.admission.forms import Email, Name, Phone, WhatsApp
from registration.entries.people import person_key

READERS: Final[Mapping[str, TypeAdapter[str]]] = {
    "full_name": TypeAdapter(Name),
    "email": TypeAdapter(Email),
    "whatsapp": TypeAdapter(WhatsApp),
    "emergency_contact_name": TypeAdapter(Name),
    "emergency_contact_phone": TypeAdapter(Phone),
}
"""The parser of each field: the types of the form."""


@dataclass(frozen=True)
class CanonicalRow:
    """A participant's values, in canonical form as far as they could be parsed, and the fields that could not."""

    id: UUID
    values: Mapping[str, str]
    search_text: str
    person_key: str
    unreadable: tuple[str, ...]


def canonical_row(row: Mapping[str, Any]) -> CanonicalRow:
    """Return the row in canonical form; values that cannot be parsed stay as stored."""
    values, unreadable = {}, []
    for field, read in READERS.items():
        try:
            values[field] = read.validate_python(row[field])
        except ValidationError:
            values[field] = row[field]
            unreadable.append(field)
    name = values["full_name"]
    return CanonicalRow(
        id=row["id"],
        values=values,
        search_text=folded(name),
        person_key=person_key(name, row["date_of_birth"], row["identity_number"]),
        unreadable=tuple(unreadable),
    )
