"""The columns of a person: the same for a participant of a registration and of a waiting-list entry."""

from datetime import date
from uuid import UUID

from chassis.ids import new_id
from sqlalchemy import CheckConstraint, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column


class PersonColumns:
    """A person as filled in. `person_key` identifies the person, `position` counts from 0 within the form.

    `search_text` is the folded name (`chassis.canonical.folding`). Without it the row is from before there were
    canonical forms; a periodic job brings it into them.
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
