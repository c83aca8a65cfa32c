"""Imported bank statements and their lines."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, String, Text, false, text
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
        accepting: lines that are sure are being accepted; if the process that does it ends, the worker goes on.
    """

    __tablename__ = "statements"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("credits BETWEEN 0 AND lines", name="lines"),
        Index("uq_statements_sha256", "sha256", unique=True),
        Index("ix_statements_uploaded_at", "uploaded_at", "id"),
        Index("ix_statements_accepting", "id", postgresql_where=text("accepting")),
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
    accepting: Mapped[bool] = mapped_column(server_default=false())


class StatementLine(Base):
    """A booked line of the statement that had it first; others that have it, too, do not add it again.

    Attributes:
        number: the line of the file, as in `payment.statements.model.Line`.
        amount: signed; money that came in is positive.
        tier, kind, reason, facts: the match that the import found, as in `payment.statements.matching.Match`.
        proposed: ids of the registrations of the match, the likeliest first.
        payment_id: the payment that it is or confirms, of several the first; all are in `LinePayment`.
        held_for, held_at: the payment with whose held decision it waits, and when that was made. It counts only while
            that decision is held.
        payout_channel, payout_fee: of a payout: who paid it out, and what was kept back.
        refund_id, money_id: of a line that left the account: the refund, or the kept money, that it gave back.
    """

    __tablename__ = "statement_lines"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("state IN ('open', 'matched', 'ignored', 'kept', 'outgoing', 'payout')", name="state"),
        CheckConstraint(
            "(state = 'payout') = (payout_channel IS NOT NULL) AND (payout_channel IS NULL) = (payout_fee IS NULL)",
            name="payout",
        ),
        CheckConstraint("payout_channel IN ('midtrans', 'qris')", name="payout_channel"),
        CheckConstraint("payout_fee >= 0", name="payout_fee"),
        CheckConstraint(
            "(refund_id IS NULL AND money_id IS NULL)"
            " OR (state = 'outgoing' AND (refund_id IS NULL) <> (money_id IS NULL))",
            name="given_back",
        ),
        Index("uq_statement_lines_refund_id", "refund_id", unique=True, postgresql_where=text("refund_id IS NOT NULL")),
        Index("uq_statement_lines_money_id", "money_id", unique=True, postgresql_where=text("money_id IS NOT NULL")),
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
        CheckConstraint("(held_for IS NULL) = (held_at IS NULL)", name="held"),
        Index("ix_statement_lines_statement_id", "statement_id", "number", "id"),
        Index("ix_statement_lines_open", "amount", "booked_on", postgresql_where=text("state = 'open'")),
        Index("ix_statement_lines_payouts", "id", postgresql_where=text("state = 'payout'")),
        Index("ix_statement_lines_held_for", "held_for", postgresql_where=text("held_for IS NOT NULL")),
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
    payout_channel: Mapped[str | None] = mapped_column(String(20))
    payout_fee: Mapped[Decimal | None] = mapped_column(Money)
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.id"))
    money_id: Mapped[UUID | None] = mapped_column(ForeignKey("unassigned_money.id"))
    ignore_reason: Mapped[str | None] = mapped_column(String(1000))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    held_for: Mapped[UUID | None]
    held_at: Mapped[datetime | None]


class LinePayment(Base):
    """A payment that a line is or confirms. A payment has one line; the line of a sum has several payments.

    A trigger writes the row of `StatementLine.payment_id`.
    """

    __tablename__ = "statement_line_payments"
    __table_args__ = (Index("ix_statement_line_payments_line_id", "line_id"),)

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("statement_lines.id"))


class UndoneDecision(Base):
    """A decision about a line that was taken back, after which the line was open again. Rows are never changed.

    Attributes:
        number: counts those of a line, from 1.
        state: what was decided: `payout` or `ignored`; with `payout_channel`, `payout_fee` and `ignore_reason`.
        reason: why it was taken back.
    """

    __tablename__ = "undone_line_decisions"
    __table_args__ = (
        CheckConstraint("state IN ('payout', 'ignored')", name="state"),
        CheckConstraint("number > 0", name="number"),
    )

    line_id: Mapped[UUID] = mapped_column(ForeignKey("statement_lines.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(20))
    payout_channel: Mapped[str | None] = mapped_column(String(20))
    payout_fee: Mapped[Decimal | None] = mapped_column(Money)
    ignore_reason: Mapped[str | None] = mapped_column(String(1000))
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID]
    undone_at: Mapped[datetime]
    undone_by: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(1000))


class StatementMapping(Base):
    """The columns of a CSV of no known bank, by which files with its header are read.

    Attributes:
        header: the names of the columns, as the file has them.
        header_key: equal for headers that differ in case and punctuation only.
        columns: what is in which column, as in `payment.statements.mappings.Columns`.
        decimal_mark: used only if no number of a file proves its own; null for a point.
    """

    __tablename__ = "statement_mappings"
    __table_args__ = (
        CheckConstraint("date_order IN ('dmy', 'mdy', 'ymd')", name="date_order"),
        CheckConstraint("decimal_mark IN ('.', ',')", name="decimal_mark"),
        Index("uq_statement_mappings_header_key", "header_key", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    header: Mapped[list[str]] = mapped_column(JSONB)
    header_key: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict[str, Any]]
    date_order: Mapped[str] = mapped_column(String(3))
    decimal_mark: Mapped[str | None] = mapped_column(String(1))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
