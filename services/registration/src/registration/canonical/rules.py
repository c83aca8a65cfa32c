"""A stored row in canonical form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from chassis.canonical.emails import canonical_email
from chassis.canonical.folding import folded
from chassis.canonical.names import clean_name
from chassis.canonical.phones import canonical_phone, canonical_whatsapp
from chassis.wording import Refused

from registration.admission.rules import person_key

READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "full_name": clean_name,
    "email": canonical_email,
    "whatsapp": canonical_whatsapp,
    "emergency_contact_name": clean_name,
    "emergency_contact_phone": canonical_phone,
}
"""What reads each field; the forms of today read them alike."""


@dataclass(frozen=True)
class CanonicalRow:
    """A participant's values, those that could be read in canonical form, and the fields that could not."""

    id: UUID
    values: Mapping[str, str]
    search_text: str
    person_key: str
    unreadable: tuple[str, ...]


def canonical_row(row: Mapping[str, Any]) -> CanonicalRow:
    """Return the row in canonical form; what cannot be read stays as it was stored."""
    values, unreadable = {}, []
    for field, read in READERS.items():
        try:
            values[field] = read(row[field])
        except Refused:
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
