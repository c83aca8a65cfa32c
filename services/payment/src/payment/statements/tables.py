"""Imported bank statements and their lines."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base

_BALANCE: Final = Numeric(18, 2)


class ImportedStatement(Base):
    """A file that was imported. The same file again is the same statement.

    Attributes:
        account: letters and digits; null if neither the file nor the settings name one.
        opening, closing: balances; null if the file does not say.
        lines, credits: booked lines of the file, and those of them that are money which came in.
        sha256: of the file, in hexadecimal digits.
    """

    __tablename__ = "statements"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("credits BETWEEN 0 AND lines", name="lines"),
        Index("uq_statements_sha256", "sha256", unique=True),
        Index("ix_statements_uploaded_at", "uploaded_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    format: Mapped[str] = mapped_column(String(30))
    account: Mapped[str | None] = mapped_column(String(50))
    currency: Mapped[str] = mapped_column(String(3))
    opening: Mapped[Decimal | None] = mapped_column(_BALANCE)
    closing: Mapped[Decimal | None] = mapped_column(_BALANCE)
    lines: Mapped[int]
    credits: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime]


class StatementLine(Base):
    """A booked line of the statement that had it first; others that have it, too, do not add it again.

    Attributes:
        number: the line of the file, as in `payment.statements.model.Line`.
        amount: signed; money that came in is positive.
        tier, kind, reason, facts: the match that the import found, as in `payment.statements.matching.Match`.
        proposed: ids of the registrations of the match, the likeliest first.
        payment_id: the payment that it is or confirms. A payment has one line.
    """

    __tablename__ = "statement_lines"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("state IN ('open', 'matched', 'ignored', 'kept', 'outgoing')", name="state"),
        CheckConstraint("kind IN ('accept', 'propose', 'unknown')", name="kind"),
        CheckConstraint("(state = 'outgoing') = (amount < 0)", name="outgoing"),
        CheckConstraint("(state = 'matched') = (payment_id IS NOT NULL)", name="matched"),
        CheckConstraint("(state = 'ignored') = (ignore_reason IS NOT NULL)", name="ignored"),
        CheckConstraint(
            "(state IN ('open', 'outgoing')) = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
        Index("uq_statement_lines_fingerprint", "fingerprint", unique=True),
        Index(
            "uq_statement_lines_payment_id", "payment_id", unique=True, postgresql_where=text("payment_id IS NOT NULL")
        ),
        Index("ix_statement_lines_statement_id", "statement_id", "number", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statements.id"))
    number: Mapped[int]
    booked_on: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(_BALANCE)
    text: Mapped[str] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    balance: Mapped[Decimal | None] = mapped_column(_BALANCE)
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    tier: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    facts: Mapped[dict[str, Any]]
    proposed: Mapped[list[str]] = mapped_column(JSONB)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"))
    ignore_reason: Mapped[str | None] = mapped_column(String(1000))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
