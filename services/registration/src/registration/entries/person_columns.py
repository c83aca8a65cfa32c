"""The columns of a person, used by the tables of participants and of people on a waiting list."""

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Final, get_type_hints
from uuid import UUID

from chassis.ids import new_id
from sqlalchemy import CheckConstraint, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registration.entries.people import Person

_TYPES: Final = {
    name: {UUID: "uuid", bool: "bool", date: "date"}.get(hint, "text") for name, hint in get_type_hints(Person).items()
}

PERSON_COLUMNS: Final = ", ".join(_TYPES)
"""SQL: the columns of a person, for INSERT and SELECT."""

PERSON_ARRAYS: Final = ", ".join(f"CAST(:person_{name} AS {kind}[])" for name, kind in _TYPES.items())
"""SQL: the same columns as arrays, for `unnest`; `person_arrays` returns their values."""


def person_arrays(people: Sequence[Person]) -> dict[str, list[Any]]:
    """Return the values of `PERSON_ARRAYS`, with one element per person."""
    return {f"person_{name}": list(map(attrgetter(name), people)) for name in _TYPES}


def person_row(person: Person) -> dict[str, Any]:
    """Return the values of a person's columns by name."""
    return {name: getattr(person, name) for name in _TYPES}


class PersonColumns:
    """A person as filled in (see `Person`). `position` counts from 0 within the form.

    A row without `search_text`, the folded name, was written before canonical forms existed; a periodic job converts
    it. Each table defines the meaning of `live`.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    position: Mapped[int] = mapped_column(SmallInteger)
    person_key: Mapped[str] = mapped_column(String(64))
    live: Mapped[bool]
    is_pic: Mapped[bool]
    full_name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255))
    whatsapp: Mapped[str] = mapped_column(String(20))
    gender: Mapped[str] = mapped_column(String(6))
    date_of_birth: Mapped[date]
    jersey_size: Mapped[str] = mapped_column(String(4))
    identity_number: Mapped[str | None] = mapped_column(String(50))
    emergency_contact_name: Mapped[str] = mapped_column(String(255))
    emergency_contact_phone: Mapped[str] = mapped_column(String(20))
    search_text: Mapped[str | None] = mapped_column(Text)


def person_checks() -> tuple[CheckConstraint, ...]:
    """Return the constraints of a table with these columns."""
    return (
        CheckConstraint("gender IN ('male', 'female')", name="gender"),
        CheckConstraint("jersey_size IN ('xs', 's', 'm', 'l', 'xl', 'xxl', 'xxxl')", name="jersey_size"),
        CheckConstraint("whatsapp ~ '^[0-9]{7,15}$'", name="whatsapp"),
        CheckConstraint("full_name <> '' AND email LIKE '%_@_%'", name="reachable"),
    )
