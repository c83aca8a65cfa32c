"""A person who registers, and the key that identifies a person."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from chassis.canonical.folding import name_core
from contracts import JerseySize

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


def person_key(full_name: str, date_of_birth: date, identity_number: str | None) -> str:
    """Return 64 hex digits that identify a person: by identity number if there is one, else by name and date of birth.

    Differences in case, accents, spaces, punctuation, symbols and Unicode forms are ignored.
    """
    number = _NOT_ALPHANUMERIC.sub("", unicodedata.normalize("NFKC", identity_number or "")).upper()
    if number:
        return _digest(f"id:{number}")
    name = name_core(full_name) or unicodedata.normalize("NFKC", full_name).casefold()
    return _digest(f"name:{name}|{date_of_birth.isoformat()}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as filled in, in canonical form. Each field is a column of both tables of people (`PersonColumns`)."""

    id: UUID
    person_key: str
    search_text: str
    is_pic: bool
    full_name: str
    email: str
    whatsapp: str
    gender: str
    date_of_birth: date
    jersey_size: JerseySize
    identity_number: str | None
    emergency_contact_name: str
    emergency_contact_phone: str
