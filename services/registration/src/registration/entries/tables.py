"""Registrations and their participants."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.ids import new_id
from chassis.tables import Money
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Constraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    String,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base
from registration.entries.person_columns import PersonColumns, person_checks
from registration.entries.rules import Status


def group_constraints() -> tuple[Constraint, ...]:
    """Return the constraints on category, type and size, for the tables of registrations and waiting-list entries."""
    return (
        ForeignKeyConstraint(
            ["race_category_id", "event_id"], ["race_categories.id", "race_categories.event_id"], ondelete="RESTRICT"
        ),
        CheckConstraint(
            "registration_type IN ('individual', 'collective_5', 'collective_10')", name="registration_type"
        ),
        CheckConstraint(
            "total_participants ="
            " CASE registration_type WHEN 'individual' THEN 1 WHEN 'collective_5' THEN 5 ELSE 10 END",
            name="total_participants",
        ),
    )


class Registration(Base):
    """Places held by one runner or group.

    `expires_at` is the deadline to pay. `revision` grows with every change. `access_version` is that of the code that
    opens the registration; 0 where code of an older release made it and none has been published. `payment_sequence` is
    that of the newest payment event that was taken in, `payment_seen_at` its moment: older ones that come late change
    nothing. `cancelled_revision` is the revision that a cancellation led to.
    """

    __tablename__ = "registrations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    event_id: Mapped[UUID]
    race_category_id: Mapped[UUID]
    registration_number: Mapped[str] = mapped_column(String(50), unique=True)
    registration_type: Mapped[str] = mapped_column(String(20))
    total_participants: Mapped[int] = mapped_column(SmallInteger)
    total_amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[Status] = mapped_column(String(20))
    revision: Mapped[int] = mapped_column(server_default="1")
    access_version: Mapped[int] = mapped_column(server_default="0")
    expires_at: Mapped[datetime]
    payment_sequence: Mapped[int] = mapped_column(server_default="0")
    payment_seen_at: Mapped[datetime | None]
    payment_id: Mapped[UUID | None]
    payment_verified_at: Mapped[datetime | None]
    payment_verified_by: Mapped[UUID | None]
    expired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_revision: Mapped[int | None]
    notes: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        *group_constraints(),
        CheckConstraint(f"status IN ({', '.join(repr(status.value) for status in Status)})", name="status"),
        CheckConstraint("total_amount >= 0", name="total_amount"),
        CheckConstraint("(status = 'payment_verified') <= (payment_id IS NOT NULL)", name="verified_has_payment"),
        Index("ix_registrations_newest_of_all", text("created_at DESC"), text("id DESC")),
        Index("ix_registrations_newest", "event_id", text("created_at DESC"), text("id DESC")),
        Index(
            "ix_registrations_category_status", "race_category_id", "status", text("created_at DESC"), text("id DESC")
        ),
        Index("ix_registrations_no_code", "id", postgresql_where=text("access_version = 0")),
        Index("ix_registrations_due", "expires_at", postgresql_where=text("status = 'pending_payment'")),
    )


class AnsweredPayment(Base):
    """A verified payment that registration has honoured, or said to give back: it never counts again."""

    __tablename__ = "answered_payments"

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID]
    answered_at: Mapped[datetime]


class RegistrationCount(Base):
    """A change in how many registrations of a category are in a status; the sum of them all is how many there are.

    Triggers on the registrations write these, one for each statement. Nobody waits for anybody to do so, as they would
    to change a common counter. A periodic job folds them together.
    """

    __tablename__ = "registration_counts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    race_category_id: Mapped[UUID]
    status: Mapped[Status] = mapped_column(String(20))
    registrations: Mapped[int] = mapped_column(BigInteger)
    participants: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric)


NAME_WORDS: ColumnElement[str] = literal_column(
    "to_tsvector('simple'::regconfig, COALESCE(search_text, translate(full_name, '-./<>&@_+~', repeat(' ', 10))))"
)
"""A name's words, folded; those of a row that is not in canonical form yet are taken from the name as it is."""


class Participant(PersonColumns, Base):
    """One runner of a registration. Among the `live` ones of an event the person key is unique."""

    __tablename__ = "participants"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    event_id: Mapped[UUID]
    bib_number: Mapped[int | None]
    ticket_code: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index("uq_participants_registration_position", "registration_id", "position", unique=True),
        Index("uq_participants_pic", "registration_id", unique=True, postgresql_where=text("is_pic")),
        Index("uq_participants_live_person", "event_id", "person_key", unique=True, postgresql_where=text("live")),
        # Only those that have one: a registration should not pay for entries about nothing.
        Index(
            "uq_participants_bib",
            "bib_number",
            "event_id",
            unique=True,
            postgresql_where=text("bib_number IS NOT NULL"),
        ),
        Index(
            "uq_participants_ticket_code",
            "ticket_code",
            unique=True,
            postgresql_where=text("ticket_code IS NOT NULL"),
        ),
        Index("ix_participants_email", func.lower(text("email"))),
        Index("ix_participants_whatsapp", "whatsapp"),
        Index(
            "ix_participants_words", NAME_WORDS, postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 64}
        ),
        Index("ix_participants_not_canonical", "id", postgresql_where=text("search_text IS NULL")),
        *person_checks(),
        CheckConstraint("(bib_number IS NULL) = (ticket_code IS NULL)", name="bib_with_ticket"),
    )
