"""Events and their categories."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from chassis.tables import Money
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from registration.base import Base


class Race(Base):
    """An event that runners register for.

    `revision` grows with every change of facts that messages and other services copy. Until `changes_until` runners may
    correct some fields; see `changes_end`.
    """

    __tablename__ = "events"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255), unique=True)
    description: Mapped[str | None]
    event_date: Mapped[date]
    location: Mapped[str] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(String(64))
    logo_path: Mapped[str | None] = mapped_column(String(255))
    banner_path: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool]
    changes_until: Mapped[datetime | None]
    rules: Mapped[str | None]
    pickup_info: Mapped[str | None]
    contact_whatsapp: Mapped[str | None] = mapped_column(String(20))
    brand_color: Mapped[str | None] = mapped_column(String(7))
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("id", "number"),
        Index(None, "is_active", "event_date"),
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("slug ~ '^[A-Za-z0-9_-]+$'", name="slug_form"),
        CheckConstraint("contact_whatsapp ~ '^[0-9]{7,15}$'", name="contact_whatsapp"),
        CheckConstraint("brand_color ~ '^#[0-9a-f]{6}$'", name="brand_color"),
    )


class RaceCategory(Base):
    """A distance of an event, with its prices and its BIB range.

    `event_number` duplicates the event's number, so that an exclusion constraint over plain integers prevents
    overlapping BIB ranges within an event, without an extension.
    """

    __tablename__ = "race_categories"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    event_id: Mapped[UUID]
    event_number: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    distance: Mapped[str | None] = mapped_column(String(50))
    price_individual: Mapped[Decimal] = mapped_column(Money)
    price_collective_5: Mapped[Decimal | None] = mapped_column(Money)
    price_collective_10: Mapped[Decimal | None] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3), server_default="IDR")
    quota: Mapped[int]
    registration_prefix: Mapped[str] = mapped_column(String(20))
    bib_start_number: Mapped[int]
    bib_end_number: Mapped[int]
    is_active: Mapped[bool]
    registration_open_at: Mapped[datetime | None]
    registration_close_at: Mapped[datetime | None]
    payment_deadline_hours: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["event_id", "event_number"], ["events.id", "events.number"], ondelete="CASCADE"),
        UniqueConstraint("event_id", "slug"),
        UniqueConstraint("id", "event_id"),
        Index("uq_race_categories_registration_prefix", func.upper(text("registration_prefix")), unique=True),
        CheckConstraint("registration_prefix ~ '^[A-Za-z0-9_-]+$'", name="prefix_form"),
        CheckConstraint("price_individual >= 0", name="price_individual"),
        CheckConstraint("price_collective_5 >= 0", name="price_collective_5"),
        CheckConstraint("price_collective_10 >= 0", name="price_collective_10"),
        CheckConstraint("quota > 0", name="quota"),
        CheckConstraint("bib_start_number >= 1 AND bib_end_number >= bib_start_number", name="bib_range"),
        CheckConstraint("bib_end_number - bib_start_number + 1 >= quota", name="bibs_for_all"),
        CheckConstraint("payment_deadline_hours BETWEEN 1 AND 720", name="payment_deadline_hours"),
        CheckConstraint("registration_close_at > registration_open_at", name="open_before_close"),
    )


def _bib_span() -> ColumnElement[object]:
    columns = RaceCategory.__table__.c
    first = columns.event_number * 2**32
    return func.int8range(first + columns.bib_start_number, first + columns.bib_end_number, "[]")


RaceCategory.__table__.append_constraint(  # type: ignore[attr-defined]  # a Table, typed as FromClause
    ExcludeConstraint((_bib_span(), "&&"), name="ex_race_categories_bib_range", using="gist")
)
