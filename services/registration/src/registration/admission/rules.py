"""Who a person is, and what a request for places consists of."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis.canonical.folding import name_core
from contracts import AccessCode, JerseySize, RegistrationType

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


def person_key(full_name: str, date_of_birth: date, identity_number: str | None) -> str:
    """Who this is, as 64 hex digits: by identity number if there is one, else by name and date of birth.

    Spelling does not make another person: case, accents, spaces, punctuation, symbols and Unicode forms are evened out.
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
    """A participant who wants in."""

    participant_id: UUID
    person_key: str
    full_name: str
    email: str
    whatsapp: str
    gender: str
    date_of_birth: date
    jersey_size: JerseySize
    identity_number: str | None
    emergency_contact_name: str
    emergency_contact_phone: str
    is_pic: bool


@dataclass(frozen=True, slots=True)
class RegistrationRequest:
    """A checked and priced request for places. `amount` is for all its participants."""

    registration_id: UUID
    kind: RegistrationType
    amount: Decimal
    people: tuple[Person, ...]
    access: AccessCode
    idempotency_key: str | None
    request_hash: str

    @property
    def size(self) -> int:
        """Places it needs, all or none."""
        return len(self.people)
