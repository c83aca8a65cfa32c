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
    """Return the constraints on category, type and size, for the tables of registrations and waiting list entries."""
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


_STREAM = ("race_category_id", "status", "registration_type")


class Registration(Base):
    """A registration: places held by one runner or group.

    `expires_at` is the deadline to pay. `revision` grows with every change. `access_version` is the version of the
    access code; 0 if a process of an older release created the row and no code has been published. `payment_sequence`
    is the sequence of the newest payment event that was handled, `payment_seen_at` its time: older events that arrive
    late change nothing. `cancelled_revision` is the revision that a cancellation led to. `terms_accepted_at` is when
    the rules and the privacy notice were accepted for all its runners; None if the request did not say so.

    The price is agreed when it is admitted and never changes: `list_amount` is the one before the discount of the promo
    code, None if there was neither a code nor a phase of prices. Phase and code keep the names that they had then.
    """

    __tablename__ = "registrations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    event_id: Mapped[UUID]
    race_category_id: Mapped[UUID]
    registration_number: Mapped[str] = mapped_column(String(50), unique=True)
    registration_type: Mapped[str] = mapped_column(String(20))
    total_participants: Mapped[int] = mapped_column(SmallInteger)
    total_amount: Mapped[Decimal] = mapped_column(Money)
    list_amount: Mapped[Decimal | None] = mapped_column(Money)
    price_phase_id: Mapped[UUID | None]
    price_phase: Mapped[str | None] = mapped_column(String(60))
    promo_code_id: Mapped[UUID | None]
    promo_code: Mapped[str | None] = mapped_column(String(40))
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
    terms_accepted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        *group_constraints(),
        CheckConstraint(f"status IN ({', '.join(repr(status.value) for status in Status)})", name="status"),
        CheckConstraint("total_amount >= 0", name="total_amount"),
        CheckConstraint("list_amount >= total_amount", name="list_amount"),
        CheckConstraint("(status = 'payment_verified') <= (payment_id IS NOT NULL)", name="verified_has_payment"),
        Index("ix_registrations_newest_of_all", text("created_at DESC"), text("id DESC")),
        Index("ix_registrations_newest", "event_id", text("created_at DESC"), text("id DESC")),
        # The console lists registrations by merging the streams of each category, status and type (`entries.listing`).
        Index("ix_registrations_category_created", *_STREAM, text("created_at DESC"), text("id DESC")),
        Index("ix_registrations_category_amount", *_STREAM, "total_amount", "id"),
        # The uses of codes without a limit are added up from it alone.
        Index(
            "ix_registrations_promo_code",
            "promo_code_id",
            "status",
            postgresql_include=["total_participants"],
            postgresql_where=text("promo_code_id IS NOT NULL"),
        ),
        Index("ix_registrations_no_code", "id", postgresql_where=text("access_version = 0")),
        Index("ix_registrations_due", "expires_at", postgresql_where=text("status = 'pending_payment'")),
    )


class AnsweredPayment(Base):
    """A verified payment that registration has honoured or published for refund, so that it does not count again."""

    __tablename__ = "answered_payments"

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID]
    answered_at: Mapped[datetime]


class RegistrationCount(Base):
    """A change of the number of registrations of a category in a status; the sum of all changes is the number.

    Triggers on the registrations insert one row per statement. Unlike updates of a common counter, inserts do not wait
    for other transactions. A periodic job merges the rows. `registered_in` and `verified_in` are the quarter hours of
    creation and verification; when rows are merged, a trigger adds them to `registration_timeline`.
    """

    __tablename__ = "registration_counts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    race_category_id: Mapped[UUID]
    status: Mapped[Status] = mapped_column(String(20))
    registered_in: Mapped[datetime | None]
    verified_in: Mapped[datetime | None]
    registrations: Mapped[int] = mapped_column(BigInteger)
    participants: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric)


NAME_WORDS: ColumnElement[str] = literal_column(
    "to_tsvector('simple'::regconfig, COALESCE(search_text, translate(full_name, '-./<>&@_+~', repeat(' ', 10))))"
)
"""SQL of the folded words of a name. A row that is not in canonical form yet gives the words of the original name."""


NAME_ORDER: ColumnElement[str] = literal_column('"left"(COALESCE(search_text, lower(full_name)), 60)', String)
"""SQL of the beginning of the folded name, by which lists are sorted; short enough for a cursor."""


class Participant(PersonColumns, Base):
    """A runner of a registration. The person key is unique among the `live` participants of a race."""

    __tablename__ = "participants"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    event_id: Mapped[UUID]
    bib_number: Mapped[int | None]
    ticket_code: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index("uq_participants_registration_position", "registration_id", "position", unique=True),
        Index("uq_participants_pic", "registration_id", unique=True, postgresql_where=text("is_pic")),
        Index("uq_participants_live_person", "event_id", "person_key", unique=True, postgresql_where=text("live")),
        # Partial indexes, so that a new registration does not write index entries for null values.
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
        # In the order of registrations' lists as well, which pass over those who are not in charge.
        Index("ix_participants_by_name", "event_id", NAME_ORDER, "registration_id", "position"),
        Index("ix_participants_not_canonical", "id", postgresql_where=text("search_text IS NULL")),
        *person_checks(),
        CheckConstraint("(bib_number IS NULL) = (ticket_code IS NULL)", name="bib_with_ticket"),
    )
